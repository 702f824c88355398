//! Events for clients, before any dialect renders them, and the shared carrier that renders each at most once a dialect.

use super::{AccountId, ChatMessage, CodecId, RoomId, RoomKind, Seq, TopicId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// What an account was told that is in no room, as it stands in storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Who asks for friendship and waits for an answer, the latest first.
    pub friend_requests: Vec<AccountId>,
    /// Who waits to be let into which group that the account manages.
    pub join_requests: Vec<(RoomId, AccountId)>,
    /// How far those it talks to have read.
    pub read_by: Vec<(AccountId, Seq)>,
}

/// Something a client may be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Push {
    /// A message was stored. The only push that takes a seq.
    Posted { kind: RoomKind, message: ChatMessage },
    /// A message was taken back; `message` as it stands now.
    Revoked { kind: RoomKind, message: ChatMessage },
    /// `reader` has read what `author` wrote in their direct room.
    Read {
        reader: AccountId,
        author: AccountId,
        up_to: Seq,
    },
    /// `from` is typing to `to`, or has stopped. Never stored.
    Typing {
        from: AccountId,
        to: AccountId,
        active: bool,
    },
    /// Something of the moment for `to`: from a person, or from the operator's app server when `from` is 0. Never stored.
    Signal {
        from: AccountId,
        to: AccountId,
        body: Arc<str>,
    },
    /// Said to all who listen to a topic. `origin` names the connection it came by. Never stored.
    Said {
        topic: TopicId,
        from: AccountId,
        origin: u64,
        body: Arc<str>,
    },
    /// `account` may say nothing in topics from now on, or may again.
    Silenced { account: AccountId, silenced: bool },
    /// `from` asks `to` to become friends.
    FriendRequested { from: AccountId, to: AccountId },
    /// `to` accepted the friend request of `from`.
    FriendAccepted { from: AccountId, to: AccountId },
    /// `by` ended the friendship with `to`.
    FriendRemoved { by: AccountId, to: AccountId },
    /// `account` asks to join a group that `to` manages.
    JoinRequested {
        room: RoomId,
        account: AccountId,
        to: AccountId,
    },
    /// `account` is a member of the room from now on; it has seen nothing after `at`.
    Joined {
        room: RoomId,
        account: AccountId,
        at: Seq,
    },
    /// `account` is no longer a member of the room.
    Left { room: RoomId, account: AccountId },
    /// The room takes no more posts.
    Dissolved { room: RoomId },
}

/// Pushes that go to sessions together, in this order: shared by all who are sent the same.
#[derive(Debug)]
pub struct Bundle {
    deliveries: Box<[Arc<Delivery>]>,
    /// Roughly what they will take in a socket's buffer, in bytes.
    pub weight: usize,
    /// All of them rendered, where there are several.
    joined: [OnceLock<Bytes>; CodecId::MAX],
}

impl Bundle {
    /// What a frame takes beside the body of its message, roughly.
    const FRAME_BYTES: usize = 256;

    #[must_use]
    pub fn new(deliveries: impl Into<Box<[Arc<Delivery>]>>) -> Arc<Bundle> {
        let deliveries = deliveries.into();
        let weight = deliveries
            .iter()
            .map(|delivery| Bundle::weight_of(&delivery.push));
        Arc::new(Bundle {
            weight: weight.sum(),
            deliveries,
            joined: Default::default(),
        })
    }

    /// What one push takes of a [`Bundle::weight`], in bytes.
    #[must_use]
    pub fn weight_of(push: &Push) -> usize {
        Bundle::FRAME_BYTES
            + match push {
                Push::Posted { message, .. } | Push::Revoked { message, .. } => message.body.len(),
                Push::Signal { body, .. } | Push::Said { body, .. } => body.len(),
                _ => 0,
            }
    }

    /// The bytes of all these pushes for one codec, one after the other, made by the first session that asks. For
    /// sessions that are shown each of them.
    pub fn rendered(&self, codec: CodecId, render: impl Fn(&Push) -> Option<Bytes>) -> Bytes {
        let each = |delivery: &Arc<Delivery>| delivery.rendered(codec, &render).unwrap_or_default();
        if let [only] = &self.deliveries[..] {
            return each(only);
        }
        self.joined[usize::from(codec.0) % CodecId::MAX]
            .get_or_init(|| {
                self.deliveries
                    .iter()
                    .map(each)
                    .collect::<Vec<Bytes>>()
                    .concat()
                    .into()
            })
            .clone()
    }
}

impl std::ops::Deref for Bundle {
    type Target = [Arc<Delivery>];

    fn deref(&self) -> &Self::Target {
        &self.deliveries
    }
}

/// A push on its way to sessions, shared by all of them.
#[derive(Debug)]
pub struct Delivery {
    pub push: Push,
    rendered: [OnceLock<Option<Bytes>>; CodecId::MAX],
}

impl Delivery {
    #[must_use]
    pub fn new(push: Push) -> Arc<Delivery> {
        Arc::new(Delivery {
            push,
            rendered: Default::default(),
        })
    }

    /// The bytes of this push for one codec, made by the first session that asks. `None`: the dialect does not show it.
    pub fn rendered(&self, codec: CodecId, render: impl FnOnce(&Push) -> Option<Bytes>) -> Option<Bytes> {
        self.rendered[usize::from(codec.0) % CodecId::MAX]
            .get_or_init(|| render(&self.push))
            .clone()
    }

    /// The place of this push in a room's order, if it has one.
    #[must_use]
    pub fn position(&self) -> Option<(RoomId, Seq)> {
        match &self.push {
            Push::Posted { message, .. } => Some((message.room, message.seq)),
            _ => None,
        }
    }
}
