//! One specimen of everything that crosses in version 1, by the name of its kind. Specimens stand for bytes that nodes
//! in the field write and never change: a field that is added later has its default here.

use super::kinds::Kind;
use super::values::{
    ANN, BOB, CALLER, DIRECT, GROUP, NOW, direct, friend_request, member, message, post, query, tree_item,
};
use super::{rooms, users};
use roost_actors::cluster::{Answer, Envelope, NodeCensus, Question};
use roost_actors::model::{
    AccountId, ChatMessage, Epoch, HistoryPage, HistoryQuery, MessageKind, Order, Post, Push, Role, RoomId,
    RoomKind, Seq, TopicId,
};
use roost_actors::room::{RoomAnswer, RoomRequest, RoomView};
use roost_actors::tree::TreeAnswer;
use roost_actors::user::{UserAnswer, UserRequest};
use roost_actors::{Failure, Thing};
use std::collections::BTreeMap;

/// Specimens by name.
#[derive(Default)]
struct Specimens(BTreeMap<&'static str, Envelope>);

impl Specimens {
    fn put<K: Kind>(&mut self, kinds: Vec<K>, carry: impl Fn(K) -> Envelope) {
        for kind in kinds {
            let name = kind.kind();
            assert!(K::NAMES.contains(&name), "{name} is not among its kinds");
            assert!(
                self.0.insert(name, carry(kind)).is_none(),
                "two specimens of {name}"
            );
        }
        for name in K::NAMES {
            assert!(self.0.contains_key(name), "no specimen of {name}");
        }
    }
}

/// Everything there is.
pub fn all() -> BTreeMap<&'static str, Envelope> {
    let mut all = Specimens::default();
    all.put(envelopes(), |envelope| envelope);
    all.put(questions(), ask);
    all.put(answers(), |answer| answered(Ok(answer)));
    all.put(pushes(), pushed);
    all.put(rooms::requests(), ask_room);
    all.put(rooms::answers(), room_answers);
    all.put(rooms::tree_requests(), |request| {
        ask_room(RoomRequest::Files {
            caller: CALLER,
            request,
        })
    });
    all.put(rooms::tree_answers(), |answer| {
        room_answers(RoomAnswer::Files(answer))
    });
    all.put(rooms::board_requests(), |request| {
        ask_room(RoomRequest::Board {
            caller: CALLER,
            request,
        })
    });
    all.put(rooms::board_answers(), |answer| {
        room_answers(RoomAnswer::Board(answer))
    });
    all.put(rooms::tag_requests(), |request| {
        ask_user(UserRequest::Tags(request))
    });
    all.put(users::requests(), ask_user);
    all.put(users::answers(), user_answers);
    all.put(users::failures(), |failure| answered(Err(failure)));
    small(&mut all);
    all.0
}

/// Plain enums within the others.
fn small(all: &mut Specimens) {
    all.put(users::things(), |thing| answered(Err(Failure::Unknown(thing))));
    all.put(message_kinds(), |kind| {
        ask_room(RoomRequest::Post {
            caller: CALLER,
            post: Post { kind, ..post() },
        })
    });
    all.put(vec![direct(), RoomKind::Group], |kind| {
        let page = HistoryPage {
            kind: Some(kind),
            ..HistoryPage::default()
        };
        room_answers(RoomAnswer::Page(page))
    });
    all.put(vec![Role::Member, Role::Manager, Role::Owner], |role| {
        room_answers(RoomAnswer::Look(RoomView {
            info: super::values::info(),
            me: Some(member(role)),
            last_seq: Seq(42),
        }))
    });
    all.put(users::statuses(), |status| {
        let request = (friend_request(status), super::values::account());
        user_answers(UserAnswer::FriendRequests(vec![request]))
    });
    all.put(vec![Order::Ascending, Order::Descending], |order| {
        ask_room(RoomRequest::Range {
            query: HistoryQuery { order, ..query() },
        })
    });
    all.put(users::withs(), |with| {
        user_answers(UserAnswer::Conversations(vec![users::conversation(with)]))
    });
    all.put(rooms::spots(), |spot| {
        room_answers(RoomAnswer::Files(TreeAnswer::Item(tree_item(spot))))
    });
}

fn ask(question: Question) -> Envelope {
    Envelope::Ask {
        ticket: 70_000,
        hops: 2,
        question,
    }
}

fn answered(answer: Result<Answer, Failure>) -> Envelope {
    Envelope::Answer {
        ticket: 70_000,
        answer,
    }
}

fn ask_room(request: RoomRequest) -> Envelope {
    ask(Question::Room(GROUP, request))
}

fn ask_user(request: UserRequest) -> Envelope {
    ask(Question::User(users::ASKED, request))
}

fn room_answers(answer: RoomAnswer) -> Envelope {
    answered(Ok(Answer::Room(answer)))
}

fn user_answers(answer: UserAnswer) -> Envelope {
    answered(Ok(Answer::User(answer)))
}

fn pushed(push: Push) -> Envelope {
    Envelope::Account {
        account: ANN,
        push,
        relay: true,
    }
}

fn questions() -> Vec<Question> {
    vec![
        Question::Room(GROUP, RoomRequest::Census),
        Question::User(ANN, UserRequest::Profile),
        Question::Online(vec![ANN, BOB]),
        Question::Census,
    ]
}

fn answers() -> Vec<Answer> {
    vec![
        Answer::Room(RoomAnswer::Done),
        Answer::User(UserAnswer::Done),
        Answer::Online(vec![BOB]),
        Answer::Census(NodeCensus {
            rooms: 1,
            users: 2,
            sessions: 3,
            followed_rooms: 4,
            followed_accounts: 5,
            links: vec!["b".to_owned()],
        }),
    ]
}

fn envelopes() -> Vec<Envelope> {
    let (ticket, rooms, accounts) = (70_000, vec![GROUP, DIRECT], vec![ANN, BOB]);
    vec![
        ask(Question::Census),
        answered(Err(Failure::Unknown(Thing::Room))),
        Envelope::Lost { ticket },
        Envelope::Room {
            room: DIRECT,
            pushes: vec![Push::Posted {
                kind: direct(),
                message: message(),
            }],
        },
        Envelope::Account {
            account: ANN,
            push: Push::Dissolved { room: GROUP },
            relay: false,
        },
        Envelope::Ends {
            ends: vec![(GROUP, Seq(42)), (DIRECT, Seq(7))],
        },
        Envelope::Follow {
            ticket,
            rooms: rooms.clone(),
            accounts: accounts.clone(),
        },
        Envelope::Followed { ticket },
        Envelope::Unfollow {
            rooms,
            accounts: accounts.clone(),
        },
        Envelope::Reread { accounts },
        Envelope::Topic {
            topic: TopicId(-9),
            push: Push::Dissolved { room: GROUP },
        },
        Envelope::LetGo {
            room: GROUP,
            epoch: Epoch(5),
        },
        Envelope::MembersChanged,
        Envelope::Ping,
    ]
}

fn pushes() -> Vec<Push> {
    let (from, to, kind) = (BOB, ANN, direct());
    vec![
        Push::Posted {
            kind,
            message: message(),
        },
        Push::Revoked {
            kind,
            message: message(),
        },
        Push::Read {
            reader: from,
            author: to,
            up_to: Seq(41),
        },
        Push::Typing {
            from,
            to,
            active: true,
        },
        Push::Signal {
            from,
            to,
            body: "now".into(),
        },
        Push::Said {
            topic: TopicId(-9),
            from,
            origin: u64::MAX,
            body: "to all".into(),
        },
        Push::Silenced {
            account: to,
            silenced: true,
        },
        Push::FriendRequested { from, to },
        Push::FriendAccepted { from, to },
        Push::FriendRemoved { by: from, to },
        Push::JoinRequested {
            room: GROUP,
            account: from,
            to,
        },
        Push::Joined {
            room: GROUP,
            account: to,
            at: Seq(42),
        },
        Push::Left {
            room: GROUP,
            account: to,
        },
        Push::Dissolved { room: GROUP },
    ]
}

fn message_kinds() -> Vec<MessageKind> {
    vec![
        MessageKind::Text,
        MessageKind::Picture,
        MessageKind::Voice,
        MessageKind::Video,
        MessageKind::Geo,
        MessageKind::File,
        MessageKind::Notice,
        MessageKind::Custom("sticker".into()),
    ]
}

/// A message as people write most of them, on its way to the sessions of a node.
pub fn typical(kind: RoomKind, body: &str) -> Envelope {
    let room = match kind {
        RoomKind::Direct { .. } => RoomId(RoomId::FIRST_DIRECT.0 + 1_000_000),
        RoomKind::Group => RoomId(1_000_000),
    };
    let message = ChatMessage {
        id: roost_actors::model::MessageId(1_000_000_000),
        room,
        seq: Seq(100_000),
        sender: AccountId(11_000_000),
        kind: MessageKind::Text,
        body: body.into(),
        private: false,
        extra: None,
        created_at: NOW,
        revoked_at: None,
    };
    Envelope::Room {
        room,
        pushes: vec![Push::Posted { kind, message }],
    }
}
