//! Specimens of version 1 of what users are asked and answer, and of every way in which a request can fail.

use super::rooms::tag;
use super::values::{
    ANN, BOB, DIRECT, NOW, account, contact, contact_group, direct, friend, friend_request, image, info,
    join_request, message, view,
};
use roost_actors::board::TagRequest;
use roost_actors::model::{
    AccountEdit, AnsweredRequest, CommitKey, ContactGroupId, Conversation, Inbox, InboxItem, RequestId,
    RequestStatus, ViewId, With,
};
use roost_actors::user::{Relation, UserAnswer, UserRequest};
use roost_actors::{Failure, Thing};

fn edit() -> AccountEdit {
    let text = |text: &str| Some(text.to_owned());
    AccountEdit {
        nickname: text("Annie"),
        avatar: text("/a.png"),
        gender: text("w"),
        birth: text("1999-01-01"),
        intro: text("about"),
        longitude: Some(8.25),
        latitude: Some(-50.5),
        country: text("d"),
        province: text("h"),
        city: text("w"),
        district: text("o"),
    }
}

#[expect(clippy::too_many_lines, reason = "one specimen a variant")]
pub fn requests() -> Vec<UserRequest> {
    let (peer, group, members) = (BOB, ContactGroupId(3), vec![BOB]);
    let (name, reason) = ("school".to_owned(), "please".to_owned());
    vec![
        UserRequest::Profile,
        UserRequest::Edit(edit()),
        UserRequest::SetAvatar {
            image: image(),
            address: "/a.png".to_owned(),
        },
        UserRequest::Tags(TagRequest::List),
        UserRequest::SetPassword {
            hash: "$argon2id$".to_owned(),
        },
        UserRequest::AskFriend {
            to: peer,
            reason: reason.clone(),
        },
        UserRequest::AnswerFriend {
            from: peer,
            accept: true,
            reason,
        },
        UserRequest::RemoveContact { peer },
        UserRequest::Block { peer },
        UserRequest::Unblock { peer },
        UserRequest::SetRemark {
            peer,
            remark: "from school".to_owned(),
        },
        UserRequest::SetLabel {
            peer,
            label: "friends".to_owned(),
        },
        UserRequest::AddContactGroup {
            name: name.clone(),
            members: members.clone(),
        },
        UserRequest::RemoveContactGroup { group },
        UserRequest::RenameContactGroup { group, name },
        UserRequest::AddToContactGroup {
            group,
            members: members.clone(),
        },
        UserRequest::RemoveFromContactGroup { group, members },
        UserRequest::ContactGroups,
        UserRequest::AskFriendship { to: peer },
        UserRequest::AnswerRequest {
            id: RequestId(8),
            accept: true,
        },
        UserRequest::EndFriendship { peer },
        UserRequest::Relation { peer },
        UserRequest::Typing {
            from: peer,
            active: true,
        },
        UserRequest::Signal {
            from: peer,
            body: "now".into(),
        },
        UserRequest::Inbox {
            after: Some(CommitKey(500)),
            limit: 100,
        },
        UserRequest::KeepKey { key: CommitKey(501) },
        UserRequest::Friends { blocked: true },
        UserRequest::FriendRequests,
        UserRequest::FriendRequestHistory,
        UserRequest::Conversations,
        UserRequest::View { id: ViewId::FIRST },
        UserRequest::ViewWith { peer },
        UserRequest::Groups,
        UserRequest::JoinRequests,
        UserRequest::Peers,
        UserRequest::DirectRoom { peer },
        UserRequest::Forget,
    ]
}

pub fn withs() -> Vec<With> {
    vec![
        With::Friend(view(), Box::new(account())),
        With::Group(Box::new(info())),
    ]
}

/// A conversation with these.
pub fn conversation(with: With) -> Conversation {
    Conversation {
        with,
        latest: Some(message()),
        unread: 3,
    }
}

pub fn answers() -> Vec<UserAnswer> {
    let waiting = || friend_request(RequestStatus::Waiting);
    vec![
        UserAnswer::Profile(account()),
        UserAnswer::Relation(Relation {
            contact: Some(contact()),
        }),
        UserAnswer::Friends(vec![friend()]),
        UserAnswer::FriendRequests(vec![(waiting(), account())]),
        UserAnswer::Groups(vec![info()]),
        UserAnswer::Tags(vec![tag()]),
        UserAnswer::JoinRequests(vec![(join_request(), account(), info())]),
        UserAnswer::Conversations(withs().into_iter().map(conversation).collect()),
        UserAnswer::View(view()),
        UserAnswer::MaybeView(Some(view())),
        UserAnswer::Answered(AnsweredRequest {
            request: waiting(),
            were_friends: true,
        }),
        UserAnswer::Peers(vec![account()]),
        UserAnswer::Inbox(Inbox {
            items: vec![InboxItem {
                key: CommitKey(501),
                kind: direct(),
                message: message(),
            }],
            end: CommitKey(501),
            clear: CommitKey(502),
            more: true,
        }),
        UserAnswer::Room(DIRECT),
        UserAnswer::Asked(RequestId(8)),
        UserAnswer::Grouped(ContactGroupId(3)),
        UserAnswer::ContactGroups(vec![contact_group()]),
        UserAnswer::Done,
    ]
}

pub fn statuses() -> Vec<RequestStatus> {
    vec![
        RequestStatus::Waiting,
        RequestStatus::Passed,
        RequestStatus::Denied,
    ]
}

pub fn failures() -> Vec<Failure> {
    let what = || "a thing".to_owned();
    vec![
        Failure::Invalid {
            field: what(),
            why: "is not".to_owned(),
        },
        Failure::TooLong {
            field: what(),
            max: 200,
        },
        Failure::WrongCredentials,
        Failure::Locked,
        Failure::CodeWrong,
        Failure::CodeExpired,
        Failure::Unknown(Thing::Room),
        Failure::Exists(Thing::Name),
        Failure::Waiting(Thing::FriendRequest),
        Failure::NotMember,
        Failure::NotManager,
        Failure::NotOwner,
        Failure::NotAuthor,
        Failure::OwnerStays,
        Failure::Protected,
        Failure::NotFriends,
        Failure::Blocked,
        Failure::Muted { until: NOW },
        Failure::JoiningOff,
        Failure::Full {
            what: what(),
            max: 500,
        },
        Failure::Dissolved,
        Failure::TooLate { seconds: 120 },
        Failure::Forbidden(what()),
        Failure::TokenReused,
        Failure::OutcomeUnknown,
        Failure::RateLimited { retry_ms: 250 },
        Failure::Busy(what()),
        Failure::Unavailable(what()),
        Failure::Quarantined(what()),
        Failure::Moved,
        Failure::Internal(what()),
    ]
}

pub fn things() -> Vec<Thing> {
    vec![
        Thing::Account,
        Thing::Login,
        Thing::Room,
        Thing::Member,
        Thing::Message,
        Thing::Contact,
        Thing::Block,
        Thing::FriendRequest,
        Thing::JoinRequest,
        Thing::ContactGroup,
        Thing::File,
        Thing::Folder,
        Thing::Picture,
        Thing::Tag,
        Thing::Announcement,
        Thing::Name,
        Thing::Secret,
    ]
}

/// Whose user is asked in the specimens.
pub const ASKED: roost_actors::model::AccountId = ANN;
