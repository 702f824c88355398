//! The tables of the store in memory, and the look-ups that several ports share.

use super::board::{PictureRow, TagRow};
use super::loose::LooseBlob;
use crate::cluster::{Incarnation, Member as Node};
use crate::failure::{Failure, Thing};
use crate::model::{
    Account, AccountId, Announcement, AnnouncementId, Channel, ChatMessage, CommitKey, Contact, ContactGroup,
    ContactGroupId, Counts, Epoch, FileId, FriendRequest, Grant, JoinRequest, Member, MessageId, PictureId,
    Rating, RequestId, RoomId, RoomInfo, RoomKind, SecretDigest, Seq, SharedFile, TagId, Timestamp, TreeItem,
    Upload, View,
};
use crate::ports::Charter;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A stored message with the room's counts up to and including it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub message: ChatMessage,
    pub counts: Counts,
    pub counted: bool,
}

/// One stay of an account in a room that has ended.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    pub account: AccountId,
    pub from_seq: Seq,
    pub to_seq: Seq,
}

#[derive(Clone, Debug)]
pub(super) struct RoomRow {
    pub info: RoomInfo,
    pub epoch: Epoch,
    /// Who owns it; 0 is nobody that others must wait for.
    pub owner: Incarnation,
    pub last_seq: Seq,
    pub counts: Counts,
    pub members: BTreeMap<AccountId, Member>,
    pub stays: Vec<Stay>,
    /// By seq: the first is seq 1.
    pub rows: Vec<Arc<Row>>,
}

#[derive(Clone, Debug)]
pub(super) struct TokenRow {
    pub digest: [u8; 32],
    pub room: RoomId,
    pub seq: Seq,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct CodeRow {
    pub code: String,
    pub expires_at: Timestamp,
    pub wrong: i64,
}

#[derive(Clone, Debug)]
pub(super) struct NodeRow {
    pub node: Node,
    pub heard_at_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct AccountRow {
    pub account: Account,
    pub hash: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PassRow {
    pub token: Option<String>,
    pub silenced: bool,
    pub key: CommitKey,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub accounts: BTreeMap<AccountId, AccountRow>,
    /// Login names in lower case.
    pub logins: HashMap<String, AccountId>,
    pub rooms: BTreeMap<RoomId, RoomRow>,
    pub direct: HashMap<RoomKind, RoomId>,
    pub contacts: BTreeMap<(AccountId, AccountId), Contact>,
    pub contact_groups: BTreeMap<ContactGroupId, (AccountId, ContactGroup)>,
    pub friend_requests: Vec<FriendRequest>,
    pub join_requests: Vec<JoinRequest>,
    pub tokens: HashMap<(AccountId, Arc<str>), TokenRow>,
    pub views: Vec<View>,
    /// Names that groups claim, in lower case.
    pub claims: BTreeMap<String, (String, RoomId)>,
    pub grants: HashMap<SecretDigest, Grant>,
    pub channels: Vec<Channel>,
    pub channels_made: i64,
    pub files: BTreeMap<FileId, SharedFile>,
    pub files_made: i64,
    pub tree: BTreeMap<FileId, TreeItem>,
    pub tree_made: i64,
    pub loose_blobs: BTreeMap<String, LooseBlob>,
    pub uploads: HashMap<(AccountId, String), Upload>,
    pub tags: BTreeMap<TagId, TagRow>,
    /// By blob: whose it is, and its media type.
    pub avatars: BTreeMap<String, (Option<AccountId>, Option<RoomId>, String)>,
    pub pictures: BTreeMap<PictureId, PictureRow>,
    pub announcements: BTreeMap<AnnouncementId, (RoomId, Announcement)>,
    pub raters: BTreeSet<(RoomId, AccountId)>,
    pub ratings: Vec<Rating>,
    shown_made: i64,
    pub tickets: HashMap<SecretDigest, (FileId, Timestamp)>,
    pub jobs: HashMap<String, (String, Timestamp)>,
    pub keys: HashMap<String, String>,
    pub codes: HashMap<String, CodeRow>,
    pub passes: BTreeMap<AccountId, PassRow>,
    pub charter: Option<Charter>,
    pub nodes: BTreeMap<Incarnation, NodeRow>,
    accounts_made: i64,
    groups_made: i64,
    directs_made: i64,
    messages_made: i64,
    requests_made: i64,
    contacts_made: i64,
    contact_groups_made: i64,
    joins_made: i64,
}

fn next(made: &mut i64) -> i64 {
    *made += 1;
    *made
}

impl Tables {
    pub fn next_account(&mut self) -> AccountId {
        loop {
            let id = AccountId(AccountId::FIRST.0 - 1 + next(&mut self.accounts_made));
            if !self.accounts.contains_key(&id) {
                return id;
            }
        }
    }

    pub fn next_room(&mut self, kind: RoomKind) -> RoomId {
        match kind {
            RoomKind::Group => RoomId(next(&mut self.groups_made)),
            RoomKind::Direct { .. } => RoomId(RoomId::FIRST_DIRECT.0 - 1 + next(&mut self.directs_made)),
        }
    }

    pub fn next_message(&mut self) -> MessageId {
        MessageId(next(&mut self.messages_made))
    }

    /// Goes on counting messages where a draft has come to: ids are taken for good.
    pub fn take_message_ids_of(&mut self, draft: &Tables) {
        self.messages_made = draft.messages_made;
    }

    pub fn next_request(&mut self) -> RequestId {
        RequestId(next(&mut self.requests_made))
    }

    /// The next number of a tag, picture or announcement.
    pub fn next_shown(&mut self) -> i64 {
        next(&mut self.shown_made)
    }

    pub fn next_contact(&mut self) -> i64 {
        next(&mut self.contacts_made)
    }

    pub fn next_contact_group(&mut self) -> ContactGroupId {
        ContactGroupId(next(&mut self.contact_groups_made))
    }

    pub fn next_incarnation(&mut self) -> Incarnation {
        Incarnation(next(&mut self.joins_made))
    }

    pub fn account(&self, id: AccountId) -> Result<&AccountRow, Failure> {
        self.accounts.get(&id).ok_or(Failure::Unknown(Thing::Account))
    }

    pub fn account_mut(&mut self, id: AccountId) -> Result<&mut AccountRow, Failure> {
        self.accounts.get_mut(&id).ok_or(Failure::Unknown(Thing::Account))
    }

    pub fn room(&self, id: RoomId) -> Result<&RoomRow, Failure> {
        self.rooms.get(&id).ok_or(Failure::Unknown(Thing::Room))
    }

    /// The row of a room as it is shown, with its number of members.
    pub fn info(&self, id: RoomId) -> Result<RoomInfo, Failure> {
        let room = self.room(id)?;
        Ok(RoomInfo {
            member_count: room.members.len() as i64,
            ..room.info.clone()
        })
    }
}
