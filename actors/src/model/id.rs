//! Newtypes for every id, so that an account can never be taken for a room.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person. Counted from 10,000,000; lower ids only by the operator's app server.
    AccountId
);
id!(
    /// A conversation. Groups count from 1 and stay below [`AccountId::FIRST`]; direct rooms from [`RoomId::FIRST_DIRECT`].
    RoomId
);
id!(
    /// A stored message, unique on the whole cluster, from 1, below 2^53.
    MessageId
);
id!(
    /// The place of a message in its room: 1, 2, 3 … without holes. 0 is "before the first".
    Seq
);
id!(
    /// The place of a message in the order in which the messages of all rooms became final. Rising, below 2^53, with holes.
    CommitKey
);
id!(
    /// A topic that sessions listen to and nothing keeps: GoBelieve's IM room. Any number the client says.
    TopicId
);
id!(
    /// The fencing number of a room's ownership; grows by one with every activation.
    Epoch
);
id!(
    /// A friend request or a request to join a group.
    RequestId
);
id!(
    /// A private conversation as Kahla numbers them. From [`ViewId::FIRST`], clear of every group id.
    ViewId
);
id!(
    /// A file of a conversation, from 1.
    FileId
);
id!(
    /// One account's own group of contacts, from 1.
    ContactGroupId
);
id!(
    /// A tag of an account or a group, from 1.
    TagId
);
id!(
    /// A picture that introduces a group, from 1.
    PictureId
);
id!(
    /// An announcement in a group, from 1.
    AnnouncementId
);
id!(
    /// A push channel, from 1.
    ChannelId
);
id!(
    /// Milliseconds since the Unix epoch.
    Timestamp
);

impl AccountId {
    /// The first id given to an account that registers by itself.
    pub const FIRST: AccountId = AccountId(10_000_000);
}

impl RoomId {
    /// The first id of a direct room, clear of every account and group id.
    pub const FIRST_DIRECT: RoomId = RoomId(1 << 40);
}

impl ViewId {
    /// The first id of a view: above every group id, and with all that follow it a 32-bit number for a long time.
    pub const FIRST: ViewId = ViewId(1_000_000_000);
}

impl Seq {
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl Timestamp {
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`, 0 when the clock went backwards.
    #[must_use]
    pub fn since_ms(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).max(0)
    }
}

/// Which rendering of a push a session needs; each dialect socket has one, given out in `boot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodecId(pub u8);

impl CodecId {
    /// How many renderings a push has room for.
    pub const MAX: usize = 8;
}
