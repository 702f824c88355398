//! The names of everything that crosses between nodes, one a variant. Exhaustive: a new variant does not compile until
//! it is named here, and does not pass until it has a specimen and a fixture.

use roost_actors::board::{BoardAnswer, BoardRequest, TagRequest};
use roost_actors::cluster::{Answer, Envelope, Question};
use roost_actors::model::{MessageKind, Order, Push, RequestStatus, Role, RoomKind, Spot, With};
use roost_actors::room::{RoomAnswer, RoomRequest};
use roost_actors::tree::{TreeAnswer, TreeRequest};
use roost_actors::user::{UserAnswer, UserRequest};
use roost_actors::{Failure, Thing};

/// An enum whose values cross.
pub trait Kind {
    /// The names of all its variants.
    const NAMES: &'static [&'static str];

    /// The name of this value's variant.
    fn kind(&self) -> &'static str;
}

macro_rules! kinds {
    ($type:ident: $($variant:pat => $name:literal,)* $(; $stays:pat)?) => {
        impl Kind for $type {
            const NAMES: &'static [&'static str] = &[$($name),*];

            fn kind(&self) -> &'static str {
                match self {
                    $($variant => $name,)*
                    // Made by tests only: it stays on its node.
                    $($stays => "",)?
                }
            }
        }
    };
}

kinds! { Envelope:
    Envelope::Ask { .. } => "envelope.ask",
    Envelope::Answer { .. } => "envelope.answer",
    Envelope::Lost { .. } => "envelope.lost",
    Envelope::Room { .. } => "envelope.room",
    Envelope::Account { .. } => "envelope.account",
    Envelope::Ends { .. } => "envelope.ends",
    Envelope::Follow { .. } => "envelope.follow",
    Envelope::Followed { .. } => "envelope.followed",
    Envelope::Unfollow { .. } => "envelope.unfollow",
    Envelope::Reread { .. } => "envelope.reread",
    Envelope::Topic { .. } => "envelope.topic",
    Envelope::LetGo { .. } => "envelope.let_go",
    Envelope::MembersChanged => "envelope.members_changed",
    Envelope::Ping => "envelope.ping",
}

kinds! { Question:
    Question::Room(..) => "question.room",
    Question::User(..) => "question.user",
    Question::Online(..) => "question.online",
    Question::Census => "question.census",
}

kinds! { Answer:
    Answer::Room(..) => "answer.room",
    Answer::User(..) => "answer.user",
    Answer::Online(..) => "answer.online",
    Answer::Census(..) => "answer.census",
}

kinds! { RoomRequest:
    RoomRequest::Post { .. } => "room_request.post",
    RoomRequest::Read { .. } => "room_request.read",
    RoomRequest::Revoke { .. } => "room_request.revoke",
    RoomRequest::Page { .. } => "room_request.page",
    RoomRequest::Range { .. } => "room_request.range",
    RoomRequest::Look { .. } => "room_request.look",
    RoomRequest::Seats { .. } => "room_request.seats",
    RoomRequest::Edit { .. } => "room_request.edit",
    RoomRequest::SetAvatar { .. } => "room_request.set_avatar",
    RoomRequest::Apply { .. } => "room_request.apply",
    RoomRequest::AnswerJoin { .. } => "room_request.answer_join",
    RoomRequest::Add { .. } => "room_request.add",
    RoomRequest::Enter { .. } => "room_request.enter",
    RoomRequest::Leave { .. } => "room_request.leave",
    RoomRequest::Quit { .. } => "room_request.quit",
    RoomRequest::Kick { .. } => "room_request.kick",
    RoomRequest::SwitchManager { .. } => "room_request.switch_manager",
    RoomRequest::SetManager { .. } => "room_request.set_manager",
    RoomRequest::Mute { .. } => "room_request.mute",
    RoomRequest::SetNickname { .. } => "room_request.set_nickname",
    RoomRequest::SetQuiet { .. } => "room_request.set_quiet",
    RoomRequest::Transfer { .. } => "room_request.transfer",
    RoomRequest::Dissolve { .. } => "room_request.dissolve",
    RoomRequest::Files { .. } => "room_request.files",
    RoomRequest::Board { .. } => "room_request.board",
    RoomRequest::BlockChanged { .. } => "room_request.block_changed",
    RoomRequest::Census => "room_request.census",
    ; RoomRequest::Panic
}

kinds! { RoomAnswer:
    RoomAnswer::Posted(..) => "room_answer.posted",
    RoomAnswer::Revoked(..) => "room_answer.revoked",
    RoomAnswer::Read(..) => "room_answer.read",
    RoomAnswer::Page(..) => "room_answer.page",
    RoomAnswer::Look(..) => "room_answer.look",
    RoomAnswer::Seats(..) => "room_answer.seats",
    RoomAnswer::Files(..) => "room_answer.files",
    RoomAnswer::Board(..) => "room_answer.board",
    RoomAnswer::Applied(..) => "room_answer.applied",
    RoomAnswer::Added(..) => "room_answer.added",
    RoomAnswer::Done => "room_answer.done",
    RoomAnswer::Census(..) => "room_answer.census",
}

kinds! { TreeRequest:
    TreeRequest::List { .. } => "tree_request.list",
    TreeRequest::Find { .. } => "tree_request.find",
    TreeRequest::Left { .. } => "tree_request.left",
    TreeRequest::Add { .. } => "tree_request.add",
    TreeRequest::Rename { .. } => "tree_request.rename",
    TreeRequest::Move { .. } => "tree_request.move",
    TreeRequest::Remove { .. } => "tree_request.remove",
}

kinds! { TreeAnswer:
    TreeAnswer::Items(..) => "tree_answer.items",
    TreeAnswer::Item(..) => "tree_answer.item",
    TreeAnswer::Left(..) => "tree_answer.left",
}

kinds! { BoardRequest:
    BoardRequest::Tags(..) => "board_request.tags",
    BoardRequest::Pictures => "board_request.pictures",
    BoardRequest::Picture { .. } => "board_request.picture",
    BoardRequest::AddPicture { .. } => "board_request.add_picture",
    BoardRequest::RemovePicture { .. } => "board_request.remove_picture",
    BoardRequest::Announcements => "board_request.announcements",
    BoardRequest::Announcement { .. } => "board_request.announcement",
    BoardRequest::Announce { .. } => "board_request.announce",
    BoardRequest::Reword { .. } => "board_request.reword",
    BoardRequest::Withdraw { .. } => "board_request.withdraw",
    BoardRequest::Illustrate { .. } => "board_request.illustrate",
    BoardRequest::Rate { .. } => "board_request.rate",
}

kinds! { BoardAnswer:
    BoardAnswer::Tags(..) => "board_answer.tags",
    BoardAnswer::Pictures(..) => "board_answer.pictures",
    BoardAnswer::Picture(..) => "board_answer.picture",
    BoardAnswer::Announcements(..) => "board_answer.announcements",
    BoardAnswer::Announcement(..) => "board_answer.announcement",
    BoardAnswer::Done(..) => "board_answer.done",
}

kinds! { TagRequest:
    TagRequest::List => "tag_request.list",
    TagRequest::Add { .. } => "tag_request.add",
    TagRequest::Edit { .. } => "tag_request.edit",
    TagRequest::Remove { .. } => "tag_request.remove",
}

kinds! { UserRequest:
    UserRequest::Profile => "user_request.profile",
    UserRequest::Edit(..) => "user_request.edit",
    UserRequest::SetAvatar { .. } => "user_request.set_avatar",
    UserRequest::Tags(..) => "user_request.tags",
    UserRequest::SetPassword { .. } => "user_request.set_password",
    UserRequest::AskFriend { .. } => "user_request.ask_friend",
    UserRequest::AnswerFriend { .. } => "user_request.answer_friend",
    UserRequest::RemoveContact { .. } => "user_request.remove_contact",
    UserRequest::Block { .. } => "user_request.block",
    UserRequest::Unblock { .. } => "user_request.unblock",
    UserRequest::SetRemark { .. } => "user_request.set_remark",
    UserRequest::SetLabel { .. } => "user_request.set_label",
    UserRequest::AddContactGroup { .. } => "user_request.add_contact_group",
    UserRequest::RemoveContactGroup { .. } => "user_request.remove_contact_group",
    UserRequest::RenameContactGroup { .. } => "user_request.rename_contact_group",
    UserRequest::AddToContactGroup { .. } => "user_request.add_to_contact_group",
    UserRequest::RemoveFromContactGroup { .. } => "user_request.remove_from_contact_group",
    UserRequest::ContactGroups => "user_request.contact_groups",
    UserRequest::AskFriendship { .. } => "user_request.ask_friendship",
    UserRequest::AnswerRequest { .. } => "user_request.answer_request",
    UserRequest::EndFriendship { .. } => "user_request.end_friendship",
    UserRequest::Relation { .. } => "user_request.relation",
    UserRequest::Typing { .. } => "user_request.typing",
    UserRequest::Signal { .. } => "user_request.signal",
    UserRequest::Inbox { .. } => "user_request.inbox",
    UserRequest::KeepKey { .. } => "user_request.keep_key",
    UserRequest::Friends { .. } => "user_request.friends",
    UserRequest::FriendRequests => "user_request.friend_requests",
    UserRequest::FriendRequestHistory => "user_request.friend_request_history",
    UserRequest::Conversations => "user_request.conversations",
    UserRequest::View { .. } => "user_request.view",
    UserRequest::ViewWith { .. } => "user_request.view_with",
    UserRequest::Groups => "user_request.groups",
    UserRequest::JoinRequests => "user_request.join_requests",
    UserRequest::Peers => "user_request.peers",
    UserRequest::DirectRoom { .. } => "user_request.direct_room",
    UserRequest::Forget => "user_request.forget",
}

kinds! { UserAnswer:
    UserAnswer::Profile(..) => "user_answer.profile",
    UserAnswer::Relation(..) => "user_answer.relation",
    UserAnswer::Friends(..) => "user_answer.friends",
    UserAnswer::FriendRequests(..) => "user_answer.friend_requests",
    UserAnswer::Groups(..) => "user_answer.groups",
    UserAnswer::Tags(..) => "user_answer.tags",
    UserAnswer::JoinRequests(..) => "user_answer.join_requests",
    UserAnswer::Conversations(..) => "user_answer.conversations",
    UserAnswer::View(..) => "user_answer.view",
    UserAnswer::MaybeView(..) => "user_answer.maybe_view",
    UserAnswer::Answered(..) => "user_answer.answered",
    UserAnswer::Peers(..) => "user_answer.peers",
    UserAnswer::Inbox(..) => "user_answer.inbox",
    UserAnswer::Room(..) => "user_answer.room",
    UserAnswer::Asked(..) => "user_answer.asked",
    UserAnswer::Grouped(..) => "user_answer.grouped",
    UserAnswer::ContactGroups(..) => "user_answer.contact_groups",
    UserAnswer::Done => "user_answer.done",
}

kinds! { Failure:
    Failure::Invalid { .. } => "failure.invalid",
    Failure::TooLong { .. } => "failure.too_long",
    Failure::WrongCredentials => "failure.wrong_credentials",
    Failure::Locked => "failure.locked",
    Failure::CodeWrong => "failure.code_wrong",
    Failure::CodeExpired => "failure.code_expired",
    Failure::Unknown(..) => "failure.unknown",
    Failure::Exists(..) => "failure.exists",
    Failure::Waiting(..) => "failure.waiting",
    Failure::NotMember => "failure.not_member",
    Failure::NotManager => "failure.not_manager",
    Failure::NotOwner => "failure.not_owner",
    Failure::NotAuthor => "failure.not_author",
    Failure::OwnerStays => "failure.owner_stays",
    Failure::Protected => "failure.protected",
    Failure::NotFriends => "failure.not_friends",
    Failure::Blocked => "failure.blocked",
    Failure::Muted { .. } => "failure.muted",
    Failure::JoiningOff => "failure.joining_off",
    Failure::Full { .. } => "failure.full",
    Failure::Dissolved => "failure.dissolved",
    Failure::TooLate { .. } => "failure.too_late",
    Failure::Forbidden(..) => "failure.forbidden",
    Failure::TokenReused => "failure.token_reused",
    Failure::OutcomeUnknown => "failure.outcome_unknown",
    Failure::RateLimited { .. } => "failure.rate_limited",
    Failure::Busy(..) => "failure.busy",
    Failure::Unavailable(..) => "failure.unavailable",
    Failure::Quarantined(..) => "failure.quarantined",
    Failure::Moved => "failure.moved",
    Failure::Internal(..) => "failure.internal",
}

kinds! { Thing:
    Thing::Account => "thing.account",
    Thing::Login => "thing.login",
    Thing::Room => "thing.room",
    Thing::Member => "thing.member",
    Thing::Message => "thing.message",
    Thing::Contact => "thing.contact",
    Thing::Block => "thing.block",
    Thing::FriendRequest => "thing.friend_request",
    Thing::JoinRequest => "thing.join_request",
    Thing::ContactGroup => "thing.contact_group",
    Thing::File => "thing.file",
    Thing::Folder => "thing.folder",
    Thing::Picture => "thing.picture",
    Thing::Tag => "thing.tag",
    Thing::Announcement => "thing.announcement",
    Thing::Name => "thing.name",
    Thing::Secret => "thing.secret",
}

kinds! { Push:
    Push::Posted { .. } => "push.posted",
    Push::Revoked { .. } => "push.revoked",
    Push::Read { .. } => "push.read",
    Push::Typing { .. } => "push.typing",
    Push::Signal { .. } => "push.signal",
    Push::Said { .. } => "push.said",
    Push::Silenced { .. } => "push.silenced",
    Push::FriendRequested { .. } => "push.friend_requested",
    Push::FriendAccepted { .. } => "push.friend_accepted",
    Push::FriendRemoved { .. } => "push.friend_removed",
    Push::JoinRequested { .. } => "push.join_requested",
    Push::Joined { .. } => "push.joined",
    Push::Left { .. } => "push.left",
    Push::Dissolved { .. } => "push.dissolved",
}

kinds! { MessageKind:
    MessageKind::Text => "message_kind.text",
    MessageKind::Picture => "message_kind.picture",
    MessageKind::Voice => "message_kind.voice",
    MessageKind::Video => "message_kind.video",
    MessageKind::Geo => "message_kind.geo",
    MessageKind::File => "message_kind.file",
    MessageKind::Notice => "message_kind.notice",
    MessageKind::Custom(..) => "message_kind.custom",
}

kinds! { RoomKind:
    RoomKind::Direct { .. } => "room_kind.direct",
    RoomKind::Group => "room_kind.group",
}

kinds! { Role:
    Role::Member => "role.member",
    Role::Manager => "role.manager",
    Role::Owner => "role.owner",
}

kinds! { RequestStatus:
    RequestStatus::Waiting => "request_status.waiting",
    RequestStatus::Passed => "request_status.passed",
    RequestStatus::Denied => "request_status.denied",
}

kinds! { Order:
    Order::Ascending => "order.ascending",
    Order::Descending => "order.descending",
}

kinds! { With:
    With::Friend(..) => "with.friend",
    With::Group(..) => "with.group",
}

kinds! { Spot:
    Spot::Folder(..) => "spot.folder",
    Spot::Chat => "spot.chat",
}
