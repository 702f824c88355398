//! Plain data and ids of the domain: what the rules speak of, with no behaviour beyond their own arithmetic.

pub mod account;
pub mod board;
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
pub mod upload;
pub mod view;

pub use account::{Account, AccountEdit, LoginName, NewAccount, Place};
pub use board::{Announcement, GroupHit, GroupQuery, HintOf, Image, Picture, Rating, SortBy, Tag};
pub use caller::Caller;
pub use chat_message::{ChatMessage, ClientToken, MessageKind, Post};
pub use contact::{Contact, ContactGroup, Friend, FriendRequest, RequestStatus};
pub use file::{FilePlace, SharedFile};
pub use grant::{Channel, Grant, SecretDigest};
pub use id::{
    AccountId, AnnouncementId, ChannelId, CodecId, CommitKey, ContactGroupId, Epoch, FileId, MessageId,
    PictureId, RequestId, RoomId, Seq, TagId, Timestamp, TopicId, ViewId,
};
pub use ledger::{Entry, Inbox, InboxItem, LedgerPage, Pass};
pub use page::{HistoryPage, HistoryQuery, Order};
pub use push::{Bundle, Delivery, Push, Told};
pub use room::{
    Counts, GroupQuota, JoinRequest, Member, NewGroup, Role, RoomInfo, RoomKind, RoomPosition, RoomRules,
    RoomSnapshot, Seat,
};
pub use tree::{Spot, TreeContent, TreeItem};
pub use upload::Upload;
pub use view::{AnsweredRequest, Conversation, View, With};
