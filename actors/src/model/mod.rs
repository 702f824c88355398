//! Plain data and ids of the domain: what the rules speak of, with no behaviour beyond their own arithmetic.

pub mod account;
pub mod caller;
pub mod chat_message;
pub mod contact;
pub mod file;
pub mod grant;
pub mod id;
pub mod ledger;
pub mod page;
pub mod push;
pub mod room;
pub mod tree;
pub mod view;

pub use account::{Account, AccountEdit, LoginName, NewAccount, Place};
pub use caller::Caller;
pub use chat_message::{ChatMessage, ClientToken, MessageKind, Post};
pub use contact::{Contact, Friend, FriendRequest, RequestStatus};
pub use file::{FilePlace, SharedFile};
pub use grant::{Channel, Grant, SecretDigest};
pub use id::{
    AccountId, ChannelId, CodecId, CommitKey, Epoch, FileId, MessageId, RequestId, RoomId, Seq, Timestamp,
    TopicId, ViewId,
};
pub use ledger::{Entry, Inbox, InboxItem, LedgerPage, Pass};
pub use page::{HistoryPage, HistoryQuery, Order};
pub use push::{Delivery, Push};
pub use room::{
    Counts, JoinRequest, Member, NewGroup, Role, RoomInfo, RoomKind, RoomPosition, RoomRules, RoomSnapshot,
    Seat,
};
pub use tree::{Spot, TreeContent, TreeItem};
pub use view::{AnsweredRequest, Conversation, View, With};
