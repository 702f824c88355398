//! The parts of which the specimens of version 1 are made: every field set, nothing left at its default.

use roost_actors::model::{
    Account, AccountId, Caller, ChatMessage, ClientToken, Contact, ContactGroup, ContactGroupId, FileId,
    Friend, FriendRequest, HistoryPage, HistoryQuery, Image, JoinRequest, Member, MessageId, MessageKind,
    Order, Place, Post, RequestId, RequestStatus, Role, RoomId, RoomInfo, RoomKind, RoomRules, Seat, Seq,
    Spot, Timestamp, TreeContent, TreeItem, View, ViewId,
};

pub const ANN: AccountId = AccountId(10_000_001);
pub const BOB: AccountId = AccountId(10_000_002);
pub const GROUP: RoomId = RoomId(77);
pub const DIRECT: RoomId = RoomId(RoomId::FIRST_DIRECT.0 + 5);
pub const NOW: Timestamp = Timestamp(1_760_000_000_123);
pub const CALLER: Caller = Caller {
    account: ANN,
    trusted: true,
};

pub fn direct() -> RoomKind {
    RoomKind::direct(ANN, BOB)
}

pub fn message() -> ChatMessage {
    ChatMessage {
        id: MessageId(123_456),
        room: DIRECT,
        seq: Seq(42),
        sender: ANN,
        kind: MessageKind::Custom("sticker".into()),
        body: "grüße, 世界".into(),
        private: true,
        extra: Some("{}".into()),
        created_at: NOW,
        revoked_at: Some(NOW.plus_ms(5)),
    }
}

pub fn post() -> Post {
    Post {
        kind: MessageKind::Text,
        body: "hello".into(),
        private: true,
        extra: Some("{}".into()),
        token: Some(ClientToken {
            key: "a-key".into(),
            digest: [200; 32],
        }),
    }
}

pub fn query() -> HistoryQuery {
    HistoryQuery {
        from_seq: Seq(3),
        to_seq: Seq(300),
        before: Some(MessageId(9_000)),
        kind: Some(MessageKind::Picture),
        with_revoked: true,
        revoked_since: Some(NOW),
        order: Order::Descending,
        offset: 7,
        limit: 20,
        with_total: true,
    }
}

pub fn page() -> HistoryPage {
    HistoryPage {
        messages: vec![message()],
        kind: Some(direct()),
        total: 300,
        unread: 3,
        read_seq: Seq(39),
        peer_read_seq: Seq(40),
        last_seq: Seq(42),
    }
}

pub fn image() -> Image {
    Image {
        blob: "0123abcd".to_owned(),
        mime: "image/png".to_owned(),
    }
}

pub fn place() -> Place {
    Place {
        longitude: 8.25,
        latitude: -50.5,
        country: "d".to_owned(),
        province: "h".to_owned(),
        city: "w".to_owned(),
        district: "o".to_owned(),
        address: "a street".to_owned(),
    }
}

pub fn rules() -> RoomRules {
    RoomRules {
        invite_off: true,
        members_hidden: true,
        join_off: true,
        history_before_join: true,
    }
}

pub fn account() -> Account {
    Account {
        id: BOB,
        uuid: "00000000-0000-4000-8000-000000000002".to_owned(),
        username: Some("bob".to_owned()),
        email: Some("bob@example.org".to_owned()),
        mobile: Some("13800000000".to_owned()),
        external: Some("an-openid".to_owned()),
        nickname: "Bob".to_owned(),
        avatar: "/a.png".to_owned(),
        gender: "m".to_owned(),
        birth: "1999-01-01".to_owned(),
        intro: "about".to_owned(),
        place: place(),
        has_password: true,
        locked: true,
        created_at: NOW,
        tokens_from: NOW.plus_ms(1),
    }
}

pub fn info() -> RoomInfo {
    RoomInfo {
        id: GROUP,
        kind: RoomKind::Group,
        name: "a group".to_owned(),
        avatar: "/g.png".to_owned(),
        intro: "about".to_owned(),
        owner: ANN,
        member_count: 2,
        member_limit: 500,
        rules: rules(),
        place: place(),
        super_group: true,
        category: "chess".to_owned(),
        created_at: NOW,
        dissolved_at: Some(NOW.plus_ms(9)),
    }
}

pub fn member(role: Role) -> Member {
    Member {
        account: BOB,
        role,
        nickname: "bobby".to_owned(),
        muted_until: NOW.plus_ms(60_000),
        joined_at: NOW,
        from_seq: Seq(2),
        read_seq: Seq(41),
        quiet: true,
    }
}

pub fn seat() -> Seat {
    Seat {
        member: member(Role::Manager),
        account: account(),
    }
}

pub fn join_request() -> JoinRequest {
    JoinRequest {
        id: RequestId(6),
        room: GROUP,
        account: BOB,
        reason: "please".to_owned(),
        deny_reason: "no".to_owned(),
        status: RequestStatus::Denied,
        created_at: NOW,
    }
}

pub fn friend_request(status: RequestStatus) -> FriendRequest {
    FriendRequest {
        id: RequestId(8),
        from: BOB,
        to: ANN,
        reason: "please".to_owned(),
        deny_reason: "no".to_owned(),
        status,
        created_at: NOW,
    }
}

pub fn contact() -> Contact {
    Contact {
        id: 4,
        owner: ANN,
        peer: BOB,
        friend: true,
        blocked: true,
        remark: "from school".to_owned(),
        label: "friends".to_owned(),
        created_at: NOW,
    }
}

pub fn friend() -> Friend {
    Friend {
        contact: contact(),
        account: account(),
    }
}

pub fn contact_group() -> ContactGroup {
    ContactGroup {
        id: ContactGroupId(3),
        name: "school".to_owned(),
        members: vec![BOB],
    }
}

pub fn view() -> View {
    View {
        id: ViewId(ViewId::FIRST.0 + 1),
        room: DIRECT,
        low: ANN,
        high: BOB,
        requester: BOB,
        from_seq: Seq(11),
        opened_at: NOW,
        closed: true,
    }
}

pub fn content() -> TreeContent {
    TreeContent {
        blob: "89ef".to_owned(),
        mime: "audio/mpeg".to_owned(),
        len: 1_000,
        duration_ms: 61_000,
    }
}

pub fn tree_item(spot: Spot) -> TreeItem {
    TreeItem {
        id: FileId(12),
        room: GROUP,
        spot,
        owner: ANN,
        name: "song.mp3".to_owned(),
        content: Some(content()),
        created_at: NOW,
    }
}
