//! The users' store in memory: profiles, contacts, friend requests, and the rooms one is in.

use super::Memory;
use super::board;
use super::tables::{RoomRow, Tables};
use super::views;
use crate::failure::{Failure, Thing};
use crate::model::{
    Account, AccountEdit, AccountId, Contact, ContactGroup, ContactGroupId, Friend, FriendRequest,
    JoinRequest, RequestStatus, Role, RoomInfo, RoomKind, RoomPosition, Seq, Timestamp,
};
use crate::ports::{StoreResult, UserChange, UserSaved, UserSnapshot, UserStore};
use async_trait::async_trait;

#[async_trait]
impl UserStore for Memory {
    async fn load(&self, account: AccountId) -> StoreResult<UserSnapshot> {
        let tables = self.begin().await?;
        let contacts = tables.contacts.values().filter(|c| c.owner == account);
        Ok(UserSnapshot {
            account: tables.account(account)?.account.clone(),
            contacts: contacts.cloned().collect(),
            contact_groups: groups_of_contacts(&tables, account).cloned().collect(),
        })
    }

    async fn change(&self, account: AccountId, change: &UserChange) -> StoreResult<UserSaved> {
        self.change(|tables| apply(tables, account, change)).await
    }

    async fn friends(&self, account: AccountId, blocked: bool) -> StoreResult<Vec<Friend>> {
        let tables = self.begin().await?;
        let picked = |c: &&Contact| {
            c.owner == account
                && if blocked {
                    c.blocked
                } else {
                    c.friend && !c.blocked
                }
        };
        let mut contacts: Vec<Contact> = tables.contacts.values().filter(picked).cloned().collect();
        contacts.sort_by_key(|contact| contact.id);
        let with_profile = |contact: Contact| {
            let account = tables.account(contact.peer)?.account.clone();
            Ok(Friend { contact, account })
        };
        let friends: Result<Vec<Friend>, Failure> = contacts.into_iter().map(with_profile).collect();
        Ok(friends?)
    }

    async fn friend_requests(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>> {
        let tables = self.begin().await?;
        let waiting = tables
            .friend_requests
            .iter()
            .rev()
            .filter(|r| r.to == account && r.status == RequestStatus::Waiting);
        let with_profile = |r: &FriendRequest| Ok((r.clone(), tables.account(r.from)?.account.clone()));
        let requests: Result<Vec<_>, Failure> = waiting.map(with_profile).collect();
        Ok(requests?)
    }

    async fn groups(&self, account: AccountId) -> StoreResult<Vec<RoomInfo>> {
        let tables = self.begin().await?;
        let ids = groups_of(&tables, |room| room.members.contains_key(&account)).map(|room| room.info.id);
        let groups: Result<Vec<RoomInfo>, Failure> = ids.map(|id| tables.info(id)).collect();
        let mut groups = groups?;
        groups.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(groups)
    }

    async fn join_requests(&self, account: AccountId) -> StoreResult<Vec<(JoinRequest, Account, RoomInfo)>> {
        let tables = self.begin().await?;
        let manages = |room: &RoomRow| {
            let seat = room.members.get(&account);
            room.info.owner == account || seat.is_some_and(|m| m.role >= Role::Manager)
        };
        let managed: Vec<_> = groups_of(&tables, manages).map(|room| room.info.id).collect();
        let waiting = tables
            .join_requests
            .iter()
            .filter(|r| managed.contains(&r.room) && r.status == RequestStatus::Waiting);
        let with_profile = |r: &JoinRequest| {
            Ok((
                r.clone(),
                tables.account(r.account)?.account.clone(),
                tables.info(r.room)?,
            ))
        };
        let requests: Result<Vec<_>, Failure> = waiting.map(with_profile).collect();
        Ok(requests?)
    }

    async fn peers(&self, account: AccountId, limit: i64) -> StoreResult<Vec<Account>> {
        let tables = self.begin().await?;
        let mut talks: Vec<_> = tables
            .rooms
            .values()
            .filter_map(|room| {
                room.members.get(&account)?;
                let peer = room.info.kind.peer_of(account).filter(|peer| *peer != account)?;
                Some((room.rows.last()?.message.id, peer))
            })
            .collect();
        talks.sort_unstable_by_key(|(latest, _)| std::cmp::Reverse(*latest));
        talks.truncate(usize::try_from(limit).unwrap_or(0));
        let profile = |(_, peer)| Ok(tables.account(peer)?.account.clone());
        Ok(talks.into_iter().map(profile).collect::<Result<_, Failure>>()?)
    }

    async fn positions(&self, account: AccountId) -> StoreResult<Vec<RoomPosition>> {
        let tables = self.begin().await?;
        let position = |room: &RoomRow| {
            let seat = room.members.get(&account)?;
            Some(RoomPosition {
                room: room.info.id,
                last_seq: room.last_seq,
                from_seq: seat.from_seq,
            })
        };
        Ok(tables.rooms.values().filter_map(position).collect())
    }

    async fn read_by_peers(&self, account: AccountId) -> StoreResult<Vec<(AccountId, Seq)>> {
        let tables = self.begin().await?;
        let peer_in = |room: &RoomRow| {
            room.members.get(&account)?;
            let peer = room.info.kind.peer_of(account).filter(|peer| *peer != account)?;
            let read = room.members.get(&peer)?.read_seq;
            (read > Seq(0)).then_some((peer, read))
        };
        Ok(tables.rooms.values().filter_map(peer_in).collect())
    }
}

/// The groups that live and that `pick` picks.
fn groups_of(tables: &Tables, pick: impl Fn(&RoomRow) -> bool) -> impl Iterator<Item = &RoomRow> {
    let lives = |room: &&RoomRow| room.info.kind == RoomKind::Group && room.info.dissolved_at.is_none();
    tables.rooms.values().filter(lives).filter(move |room| pick(room))
}

fn groups_of_contacts(tables: &Tables, owner: AccountId) -> impl Iterator<Item = &ContactGroup> {
    let groups = tables.contact_groups.values();
    groups.filter(move |(of, _)| *of == owner).map(|(_, group)| group)
}

#[expect(clippy::too_many_lines, reason = "one arm a change")]
fn apply(tables: &mut Tables, me: AccountId, change: &UserChange) -> Result<UserSaved, Failure> {
    tables.account(me)?;
    match change {
        UserChange::Edit(edit) => edit_account(&mut tables.account_mut(me)?.account, edit),
        UserChange::SetAvatar { image, address, at } => {
            tables.account_mut(me)?.account.avatar.clone_from(address);
            board::set_avatar(tables, (Some(me), None), image, *at)?;
        }
        UserChange::SetPassword { hash, at } => {
            let row = tables.account_mut(me)?;
            row.hash = Some(hash.clone());
            row.account.has_password = true;
            row.account.tokens_from = *at;
        }
        UserChange::AskFriend { to, reason, at } => return ask_friend(tables, me, *to, reason, *at),
        UserChange::AskFriendship { to, at } => {
            if views::open_view(tables, me, *to).is_some() {
                return Err(Failure::Exists(Thing::Contact));
            }
            return ask_friend(tables, me, *to, "", *at);
        }
        UserChange::EndFriendship { peer } => {
            views::close(tables, me, *peer).ok_or(Failure::NotFriends)?;
            tables.contacts.remove(&(me, *peer));
            if let Some(theirs) = tables.contacts.get_mut(&(*peer, me)) {
                theirs.friend = false;
            }
            tables.contacts.retain(|_, c| c.friend || c.blocked);
        }
        UserChange::AnswerFriend {
            from,
            accept,
            reason,
            at,
        } => answer_friend(tables, me, *from, *accept, reason, *at)?,
        UserChange::RemoveContact { peer } => {
            tables.contacts.remove(&(me, *peer)).ok_or(Failure::NotFriends)?;
            views::close(tables, me, *peer);
        }
        UserChange::Block { peer, at } => {
            tables.account(*peer)?;
            edit_contact(tables, me, *peer, *at, |contact| contact.blocked = true);
        }
        UserChange::Unblock { peer } => {
            if !tables.contacts.get(&(me, *peer)).is_some_and(|c| c.blocked) {
                return Err(Failure::Unknown(Thing::Block));
            }
            tables.contacts.remove(&(me, *peer));
            views::close(tables, me, *peer);
        }
        UserChange::SetRemark { peer, remark } => {
            contact(tables, me, *peer)?.remark.clone_from(remark);
        }
        UserChange::SetLabel { peer, label } => {
            contact(tables, me, *peer)?.label.clone_from(label);
        }
        UserChange::AddContactGroup { name, members } => {
            return add_contact_group(tables, me, name, members);
        }
        UserChange::RemoveContactGroup { group } => {
            contact_group(tables, me, *group)?;
            tables.contact_groups.remove(group);
        }
        UserChange::RenameContactGroup { group, name } => {
            if groups_of_contacts(tables, me).any(|other| other.id != *group && other.name == *name) {
                return Err(Failure::Exists(Thing::ContactGroup));
            }
            contact_group(tables, me, *group)?.name.clone_from(name);
        }
        UserChange::AddToContactGroup { group, members } => gather(tables, me, *group, members)?,
        UserChange::RemoveFromContactGroup { group, members } => {
            let group = contact_group(tables, me, *group)?;
            group.members.retain(|member| !members.contains(member));
        }
    }
    // Whoever is no contact any more is in no group of contacts.
    let Tables {
        contacts,
        contact_groups,
        ..
    } = tables;
    for (owner, group) in contact_groups.values_mut() {
        group
            .members
            .retain(|member| contacts.contains_key(&(*owner, *member)));
    }
    Ok(UserSaved::Done)
}

fn contact_group(
    tables: &mut Tables,
    me: AccountId,
    group: ContactGroupId,
) -> Result<&mut ContactGroup, Failure> {
    match tables.contact_groups.get_mut(&group) {
        Some((owner, group)) if *owner == me => Ok(group),
        _ => Err(Failure::Unknown(Thing::ContactGroup)),
    }
}

fn add_contact_group(
    tables: &mut Tables,
    me: AccountId,
    name: &str,
    members: &[AccountId],
) -> Result<UserSaved, Failure> {
    if groups_of_contacts(tables, me).any(|other| other.name == name) {
        return Err(Failure::Exists(Thing::ContactGroup));
    }
    let id = tables.next_contact_group();
    let group = ContactGroup {
        id,
        name: name.to_owned(),
        members: Vec::new(),
    };
    tables.contact_groups.insert(id, (me, group));
    gather(tables, me, id, members)?;
    Ok(UserSaved::Grouped(id))
}

fn gather(
    tables: &mut Tables,
    me: AccountId,
    group: ContactGroupId,
    members: &[AccountId],
) -> Result<(), Failure> {
    if !members
        .iter()
        .all(|member| tables.contacts.contains_key(&(me, *member)))
    {
        return Err(Failure::NotFriends);
    }
    let group = contact_group(tables, me, group)?;
    group.members.extend(members);
    group.members.sort_unstable();
    group.members.dedup();
    Ok(())
}

fn contact(tables: &mut Tables, me: AccountId, peer: AccountId) -> Result<&mut Contact, Failure> {
    tables.contacts.get_mut(&(me, peer)).ok_or(Failure::NotFriends)
}

fn edit_contact(
    tables: &mut Tables,
    owner: AccountId,
    peer: AccountId,
    at: Timestamp,
    edit: impl FnOnce(&mut Contact),
) {
    if !tables.contacts.contains_key(&(owner, peer)) {
        let contact = Contact {
            id: tables.next_contact(),
            owner,
            peer,
            created_at: at,
            ..Contact::default()
        };
        tables.contacts.insert((owner, peer), contact);
    }
    if let Some(contact) = tables.contacts.get_mut(&(owner, peer)) {
        edit(contact);
    }
}

fn ask_friend(
    tables: &mut Tables,
    from: AccountId,
    to: AccountId,
    reason: &str,
    at: Timestamp,
) -> Result<UserSaved, Failure> {
    tables.account(to)?;
    let waits = |r: &FriendRequest| r.from == from && r.to == to && r.status == RequestStatus::Waiting;
    if tables.friend_requests.iter().any(waits) {
        return Err(Failure::Waiting(Thing::FriendRequest));
    }
    let id = tables.next_request();
    tables.friend_requests.push(FriendRequest {
        id,
        from,
        to,
        reason: reason.to_owned(),
        deny_reason: String::new(),
        status: RequestStatus::Waiting,
        created_at: at,
    });
    Ok(UserSaved::Asked(id))
}

fn answer_friend(
    tables: &mut Tables,
    me: AccountId,
    from: AccountId,
    accept: bool,
    reason: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let waiting = tables
        .friend_requests
        .iter_mut()
        .find(|r| r.from == from && r.to == me && r.status == RequestStatus::Waiting);
    let request = waiting.ok_or(Failure::Unknown(Thing::FriendRequest))?;
    if !accept {
        request.status = RequestStatus::Denied;
        request.deny_reason = reason.to_owned();
        return Ok(());
    }
    request.status = RequestStatus::Passed;
    for (owner, peer) in [(me, from), (from, me)] {
        edit_contact(tables, owner, peer, at, |contact| contact.friend = true);
    }
    views::open(tables, from, me, at)
}

fn edit_account(account: &mut Account, edit: &AccountEdit) {
    let texts = [
        (&mut account.nickname, &edit.nickname),
        (&mut account.avatar, &edit.avatar),
        (&mut account.gender, &edit.gender),
        (&mut account.birth, &edit.birth),
        (&mut account.intro, &edit.intro),
        (&mut account.place.country, &edit.country),
        (&mut account.place.province, &edit.province),
        (&mut account.place.city, &edit.city),
        (&mut account.place.district, &edit.district),
    ];
    for (field, new) in texts {
        if let Some(new) = new {
            field.clone_from(new);
        }
    }
    account.place.longitude = edit.longitude.unwrap_or(account.place.longitude);
    account.place.latitude = edit.latitude.unwrap_or(account.place.latitude);
}
