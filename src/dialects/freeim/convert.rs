//! From the core's model to FreeIM's objects and back. Pure.

use super::reply::Refusal;
use super::wire::{self, Degrees};
use roost_actors::model::{
    Account, AccountId, ChatMessage, ClientToken, ContactGroup, Friend, FriendRequest, JoinRequest, Member,
    MessageKind, Order, Place, Role, RoomId, RoomInfo, RoomKind, RoomRules, Seat, Timestamp,
};
use roost_actors::{Failure, Thing};
use sha2::{Digest, Sha256};
use time::{OffsetDateTime, UtcOffset};

/// Types that mean something on the socket, or that only nodes write: no client posts them.
const RESERVED_TYPES: [&str; 9] = [
    "read",
    "input",
    "ping",
    "addFriend",
    "addFreind",
    "joinGroup",
    "notice",
    "system",
    "revocation",
];

/// A time as Go writes it (RFC 3339, milliseconds without trailing zeros), in a zone of whole hours.
#[must_use]
pub fn go_time(at: Timestamp, utc_offset_hours: i64) -> String {
    let hours = i8::try_from(utc_offset_hours).unwrap_or(0);
    let zone = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
    let shown = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(zone);
    let (date, clock) = (shown.date(), shown.time());
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    let millis = at.0.rem_euclid(1_000);
    if millis != 0 {
        let fraction = format!("{millis:03}");
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
    if hours == 0 {
        text.push('Z');
    } else {
        let sign = if hours < 0 { '-' } else { '+' };
        text.push_str(&format!("{sign}{:02}:00", hours.unsigned_abs()));
    }
    text
}

/// Whether a name holds Han characters, which FreeIM's usernames may not.
#[must_use]
pub fn has_han(name: &str) -> bool {
    name.chars().any(|c| {
        matches!(u32::from(c),
            0x2e80..=0x2fdf | 0x3005 | 0x3007 | 0x3021..=0x3029 | 0x3038..=0x303b | 0x3400..=0x4dbf
            | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x323af)
    })
}

/// The group a client names. Group ids stay below account ids; no other number is a group.
pub fn group_id(id: i64) -> Result<RoomId, Failure> {
    if (1..AccountId::FIRST.0).contains(&id) {
        Ok(RoomId(id))
    } else {
        Err(Failure::Unknown(Thing::Room))
    }
}

#[must_use]
pub fn account(from: &Account, online: bool) -> wire::Account {
    let logins = [&from.username, &from.email, &from.mobile, &from.external];
    wire::Account {
        id: from.id.0,
        // An account that came by e-mail or mobile has that as its name.
        username: logins.into_iter().flatten().next().cloned().unwrap_or_default(),
        email: from.email.clone().unwrap_or_default(),
        mobile: from.mobile.clone().unwrap_or_default(),
        nickname: from.nickname.clone(),
        avatar: from.avatar.clone(),
        gender: from.gender.clone(),
        birth: from.birth.clone(),
        age: 0,
        intro: from.intro.clone(),
        longitude: Degrees(from.place.longitude),
        latitude: Degrees(from.place.latitude),
        country: from.place.country.clone(),
        province: from.place.province.clone(),
        city: from.place.city.clone(),
        district: from.place.district.clone(),
        online_status: if online { "online" } else { "offline" },
    }
}

/// What is left of a profile where profiles are hidden: enough to put a face to a message.
#[must_use]
pub fn hidden_account(from: &Account) -> wire::Account {
    wire::Account {
        id: from.id.0,
        nickname: from.nickname.clone(),
        avatar: from.avatar.clone(),
        online_status: "offline",
        ..wire::Account::default()
    }
}

#[must_use]
pub fn friend(from: &Friend, account: wire::Account, groups: &[ContactGroup]) -> wire::Friend {
    let named = groups
        .iter()
        .filter(|group| group.members.binary_search(&from.contact.peer).is_ok());
    wire::Friend {
        account,
        friend_groups: named
            .map(|group| wire::FriendGroupName {
                id: group.id.0,
                friends: None,
                name: group.name.clone(),
            })
            .collect(),
        remark: from.contact.remark.clone(),
        label: from.contact.label.clone(),
    }
}

/// A group of contacts with those of its members that are among these friends.
#[must_use]
pub fn friend_group(group: &ContactGroup, friends: &[(Friend, wire::Account)]) -> wire::FriendGroup {
    let members = friends
        .iter()
        .filter(|(friend, _)| group.members.binary_search(&friend.contact.peer).is_ok());
    wire::FriendGroup {
        id: group.id.0,
        friends: members
            .map(|(friend, account)| wire::GroupedFriend {
                id: friend.contact.id,
                account: account.clone(),
                friend_groups: None,
                remark: friend.contact.remark.clone(),
                label: friend.contact.label.clone(),
            })
            .collect(),
        name: group.name.clone(),
    }
}

/// A distance as clients show it.
#[must_use]
pub fn distance(metres: f64) -> String {
    format!("{metres:.0}m")
}

#[must_use]
pub fn friend_apply(
    request: &FriendRequest,
    from_account: wire::Account,
    utc_offset_hours: i64,
) -> wire::FriendApply {
    wire::FriendApply {
        created_at: go_time(request.created_at, utc_offset_hours),
        from_account,
        apply_reason: request.reason.clone(),
        deny_reason: request.deny_reason.clone(),
        status: request.status.name(),
        reply_time: None,
    }
}

#[must_use]
pub fn group(info: &RoomInfo) -> wire::Group {
    let Place {
        longitude,
        latitude,
        country,
        province,
        city,
        district,
        address,
    } = info.place.clone();
    wire::Group {
        id: info.id.0,
        name: info.name.clone(),
        avatar: info.avatar.clone(),
        intro: info.intro.clone(),
        members: info.member_count,
        members_limit: info.member_limit,
        members_list: None,
        self_info: None,
        longitude: Degrees(longitude),
        latitude: Degrees(latitude),
        country,
        province,
        city,
        district,
        address,
        disable_add_member: info.rules.invite_off,
        disable_view_member: info.rules.members_hidden,
        disable_add_group: info.rules.join_off,
        enable_before_msg: info.rules.history_before_join,
        created_at: None,
    }
}

/// A flag for each thing that a group's managers set, in FreeIM's order.
#[must_use]
pub fn rules(add_member: bool, view_member: bool, add_group: bool, before_msg: bool) -> RoomRules {
    RoomRules {
        invite_off: add_member,
        members_hidden: view_member,
        join_off: add_group,
        history_before_join: before_msg,
    }
}

#[must_use]
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Manager => "manager",
        Role::Member => "general",
    }
}

#[must_use]
pub fn member(seat: &Seat, account: wire::Account, now: Timestamp) -> wire::GroupMember {
    wire::GroupMember {
        account,
        role: role(seat.member.role),
        remark: seat.member.nickname.clone(),
        is_banned: seat.member.muted_until > now,
    }
}

/// The caller's own seat; who is no member has an empty role.
#[must_use]
pub fn self_info(me: Option<&Member>, now: Timestamp) -> wire::SelfInfo {
    wire::SelfInfo {
        chat_group_member_role: me.map_or("", |me| role(me.role)),
        is_banned: me.is_some_and(|me| me.muted_until > now),
    }
}

#[must_use]
pub fn group_join(
    request: &JoinRequest,
    account: wire::Account,
    info: &RoomInfo,
    utc_offset_hours: i64,
) -> wire::GroupJoin {
    wire::GroupJoin {
        created_at: go_time(request.created_at, utc_offset_hours),
        account,
        chat_group: group(info),
        apply_reason: request.reason.clone(),
        deny_reason: request.deny_reason.clone(),
        status: request.status.name(),
        reply_time: None,
    }
}

/// A message as anybody may see it; whether it was read is for the caller to say.
#[must_use]
pub fn message(kind: RoomKind, from: &ChatMessage, utc_offset_hours: i64) -> wire::Message {
    let (to_id, ope) = match kind.peer_of(from.sender) {
        Some(peer) => (peer.0, "friend"),
        None => (from.room.0, "group"),
    };
    wire::Message {
        id: from.id.0,
        created_at: go_time(from.created_at, utc_offset_hours),
        updated_at: go_time(from.revoked_at.unwrap_or(from.created_at), utc_offset_hours),
        from_id: from.sender.0,
        to_id,
        ope,
        kind: from.kind.name().into(),
        body: from.body.clone(),
        is_private: from.private,
        status: if from.revoked_at.is_some() {
            "revocation"
        } else {
            "normal"
        },
        is_read: false,
        mine: None,
        read: None,
    }
}

/// The kind that a client names. Names that mean something else on the socket are refused.
pub fn message_kind(name: &str) -> Result<MessageKind, Refusal> {
    if RESERVED_TYPES.contains(&name) {
        let text = "Key: 'Type' Error:Field validation for 'Type' failed on the 'oneof' tag";
        return Err(Refusal::Invalid(text.to_owned()));
    }
    Failure::check_len("type", name, ChatMessage::KIND_BYTES_MAX)?;
    Ok(MessageKind::from_name(name))
}

/// The client token of a send: its key, and a digest of everything that makes the request what it is.
pub fn client_token(key: &str, parts: [&str; 6]) -> Result<ClientToken, Failure> {
    if key.is_empty() {
        return Err(Failure::invalid("Idempotency-Key", "must not be empty"));
    }
    Failure::check_len("Idempotency-Key", key, ClientToken::KEY_BYTES_MAX)?;
    let mut digest = Sha256::new();
    for part in parts {
        // With its length before it, no part can pass for the end of another.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    Ok(ClientToken {
        key: key.into(),
        digest: digest.finalize().into(),
    })
}

/// The order that `sort` asks for. Within a conversation ids and times agree, so any of them gives the same order
/// and only the first term of several can matter.
pub fn order(sort: &str) -> Result<Order, Refusal> {
    let invalid = || Refusal::Said("invalid sort option");
    let mut order = None;
    for term in sort.split('|') {
        let (field, direction) = term.split_once(':').ok_or_else(invalid)?;
        let term = match direction.to_ascii_lowercase().as_str() {
            "asc" => Order::Ascending,
            "desc" => Order::Descending,
            _ => return Err(invalid()),
        };
        if !matches!(
            field,
            "id" | "createdAt" | "created_at" | "updatedAt" | "updated_at"
        ) {
            return Err(invalid());
        }
        order.get_or_insert(term);
    }
    order.ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::{MessageId, Seq};

    #[test]
    fn times_are_written_as_go_writes_them() {
        let shown = |ms| go_time(Timestamp(ms), 8);
        assert_eq!(shown(1_669_824_369_580), "2022-12-01T00:06:09.58+08:00");
        assert_eq!(shown(1_669_824_369_500), "2022-12-01T00:06:09.5+08:00");
        assert_eq!(shown(1_669_824_369_007), "2022-12-01T00:06:09.007+08:00");
        assert_eq!(shown(1_669_824_369_000), "2022-12-01T00:06:09+08:00");
        assert_eq!(go_time(Timestamp(0), 0), "1970-01-01T00:00:00Z");
        assert_eq!(go_time(Timestamp(0), -5), "1969-12-31T19:00:00-05:00");
        assert_eq!(go_time(Timestamp(i64::MAX), 8), "1970-01-01T08:00:00.807+08:00");
    }

    #[test]
    fn han_is_told_from_other_scripts() {
        assert!(has_han("panco熊"));
        assert!(has_han("𠀀"));
        assert!(!has_han("panco_01"));
        assert!(!has_han("ひらがな"));
        assert!(!has_han("한글 äöü"));
    }

    #[test]
    fn group_ids_never_reach_accounts_or_direct_rooms() {
        assert_eq!(group_id(1), Ok(RoomId(1)));
        for id in [0, -1, 10_000_000, 1 << 40, i64::MAX] {
            assert_eq!(group_id(id), Err(Failure::Unknown(Thing::Room)), "{id}");
        }
    }

    #[test]
    fn a_message_names_the_peer_in_direct_rooms_and_the_group_in_groups() {
        let (ann, bob) = (AccountId(10_000_000), AccountId(10_000_001));
        let sent = ChatMessage {
            id: MessageId(7),
            room: RoomId(3),
            seq: Seq(1),
            sender: bob,
            kind: MessageKind::Text,
            body: "hello".into(),
            private: true,
            extra: None,
            created_at: Timestamp(1_669_824_369_580),
            revoked_at: None,
        };
        let direct = message(RoomKind::direct(ann, bob), &sent, 8);
        assert_eq!(
            (direct.from_id, direct.to_id, direct.ope),
            (bob.0, ann.0, "friend")
        );
        let shown = serde_json::to_string(&message(RoomKind::Group, &sent, 8)).unwrap();
        assert_eq!(
            shown,
            r#"{"id":7,"createdAt":"2022-12-01T00:06:09.58+08:00","updatedAt":"2022-12-01T00:06:09.58+08:00","fromId":10000001,"toId":3,"ope":"group","type":"text","body":"hello","isPrivate":true,"status":"normal","isRead":false}"#
        );
    }

    #[test]
    fn clients_cannot_post_what_would_pass_for_an_event() {
        assert_eq!(message_kind("pic"), Ok(MessageKind::Picture));
        assert_eq!(message_kind("sticker"), Ok(MessageKind::Custom("sticker".into())));
        assert!(message_kind("read").is_err());
        assert!(message_kind(&"x".repeat(21)).is_err());
    }

    #[test]
    fn the_digest_of_a_token_tells_requests_apart() {
        let token = |parts| client_token("k", parts).unwrap().digest;
        let first = token(["1", "2", "friend", "text", "ab", "0"]);
        assert_eq!(first, token(["1", "2", "friend", "text", "ab", "0"]));
        assert_ne!(first, token(["1", "2", "friend", "texta", "b", "0"]));
        assert!(client_token("", ["", "", "", "", "", ""]).is_err());
        assert!(client_token(&"k".repeat(129), ["", "", "", "", "", ""]).is_err());
    }

    #[test]
    fn the_first_term_of_a_sort_decides_and_malformed_ones_are_refused() {
        assert_eq!(order("id:desc"), Ok(Order::Descending));
        assert_eq!(order("createdAt:asc|id:desc"), Ok(Order::Ascending));
        for bad in ["", "id", "id:", "id:up", "body:asc", "id:asc|", ":asc"] {
            assert!(order(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn coordinates_are_numbers_without_needless_fractions() {
        let shown = |degrees| serde_json::to_string(&Degrees(degrees)).unwrap();
        assert_eq!(shown(0.0), "0");
        assert_eq!(shown(113.5), "113.5");
        assert_eq!(shown(-7.0), "-7");
    }
}
