//! Plain data and ids of the domain: what the rules speak of, with no behaviour beyond their own arithmetic.

pub mod account;
pub mod caller;
pub mod chat_message;
pub mod contact;
pub mod id;
pub mod page;
pub mod push;
pub mod room;

pub use account::{Account, AccountEdit, LoginName, NewAccount, Place};
pub use caller::Caller;
pub use chat_message::{ChatMessage, ClientToken, MessageKind, Post};
pub use contact::{Contact, Friend, FriendRequest, RequestStatus};
pub use id::{AccountId, CodecId, Epoch, MessageId, RequestId, RoomId, Seq, Timestamp};
pub use page::{HistoryPage, HistoryQuery, Order};
pub use push::{Delivery, Push};
pub use room::{
    Counts, JoinRequest, Member, NewGroup, Role, RoomInfo, RoomKind, RoomPosition, RoomRules, RoomSnapshot,
    Seat,
};
