//! What groups and people show of themselves, in memory.

use super::Memory;
use super::loose::{bind, release};
use super::tables::Tables;
use crate::board::{ANNOUNCEMENTS_FULL, PICTURES_FULL, TAGS_FULL, rules};
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Announcement, AnnouncementId, GroupHit, GroupQuery, HintOf, Image, JoinRequest, Picture,
    PictureId, Rating, RequestId, RoomId, RoomInfo, RoomKind, Tag, TagId, Timestamp,
};
use crate::ports::{BoardChange, BoardStore, StoreResult, TagChange, TagsOf};
use async_trait::async_trait;
use std::collections::HashMap;

#[derive(Clone, Debug)]
pub(super) struct TagRow {
    pub of: TagsOf,
    pub text: String,
}

#[derive(Clone, Debug)]
pub(super) struct PictureRow {
    pub room: RoomId,
    pub image: Image,
}

#[async_trait]
impl BoardStore for Memory {
    async fn tags(&self, of: TagsOf) -> StoreResult<Vec<Tag>> {
        let tables = self.begin().await?;
        let own = tables.tags.iter().filter(|(_, row)| row.of == of);
        let tag = |(id, row): (&TagId, &TagRow)| Tag {
            id: *id,
            text: row.text.clone(),
        };
        Ok(own.map(tag).collect())
    }

    async fn change_tags(&self, account: AccountId, change: &TagChange, _: Timestamp) -> StoreResult<i64> {
        Memory::change(self, |tables| {
            tables.account(account)?;
            change_tag(tables, TagsOf::Account(account), change)
        })
        .await
    }

    async fn pictures(&self, room: RoomId) -> StoreResult<Vec<Picture>> {
        let tables = self.begin().await?;
        let own = tables.pictures.iter().filter(|(_, row)| row.room == room);
        Ok(own.map(|(id, row)| picture(*id, row)).collect())
    }

    async fn picture(&self, room: RoomId, id: PictureId) -> StoreResult<Picture> {
        let tables = self.begin().await?;
        let found = tables.pictures.get(&id).filter(|row| row.room == room);
        Ok(picture(id, found.ok_or(Failure::Unknown(Thing::Picture))?))
    }

    async fn announcements(&self, room: RoomId) -> StoreResult<Vec<Announcement>> {
        let tables = self.begin().await?;
        let own = tables.announcements.values().rev().filter(|(of, _)| *of == room);
        Ok(own.map(|(_, announcement)| announcement.clone()).collect())
    }

    async fn announcement(&self, room: RoomId, id: AnnouncementId) -> StoreResult<Announcement> {
        let mut tables = self.begin().await?;
        Ok(announcement(&mut tables, room, id)?.clone())
    }

    async fn change(&self, room: RoomId, change: &BoardChange, now: Timestamp) -> StoreResult<i64> {
        Memory::change(self, |tables| apply(tables, room, change, now)).await
    }

    async fn stars(&self, accounts: &[AccountId]) -> StoreResult<Vec<Rating>> {
        let tables = self.begin().await?;
        let mut stars: HashMap<AccountId, Vec<f64>> = HashMap::new();
        for rating in tables
            .ratings
            .iter()
            .filter(|rating| accounts.contains(&rating.account))
        {
            stars.entry(rating.account).or_default().push(rating.stars);
        }
        let mean = |(account, stars): (AccountId, Vec<f64>)| Rating {
            account,
            stars: stars.iter().sum::<f64>() / stars.len() as f64,
        };
        Ok(stars.into_iter().map(mean).collect())
    }

    async fn avatar(&self, blob: &str) -> StoreResult<Option<Image>> {
        let tables = self.begin().await?;
        let image = |(_, _, mime): &(Option<AccountId>, Option<RoomId>, String)| Image {
            blob: blob.to_owned(),
            mime: mime.clone(),
        };
        Ok(tables.avatars.get(blob).map(image))
    }

    async fn find_groups(&self, query: &GroupQuery) -> StoreResult<Vec<GroupHit>> {
        let tables = self.begin().await?;
        let mut groups = Vec::new();
        for room in tables
            .rooms
            .values()
            .filter(|room| room.info.kind == RoomKind::Group)
        {
            let shown = match query.member {
                Some(member) => room.members.contains_key(&member),
                None => room.info.dissolved_at.is_none(),
            };
            let group = hit(&tables, &room.info, room.members.len());
            if shown && fits(query, &group) {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    async fn hints(&self, of: HintOf, category: &str, key: &str, limit: i64) -> StoreResult<Vec<String>> {
        let tables = self.begin().await?;
        let key = key.to_lowercase();
        // By text: whether it begins with the key, what is behind it, and the number of the oldest.
        let mut hints: HashMap<String, (bool, i64, i64)> = HashMap::new();
        let mut add = |text: &str, worth: i64, id: i64| {
            let folded = text.to_lowercase();
            if folded.contains(&key) {
                let begins = folded.starts_with(&key);
                let hint = hints.entry(text.to_owned()).or_insert((begins, 0, id));
                *hint = (begins, hint.1 + worth, hint.2.min(id));
            }
        };
        let live = |info: &RoomInfo| {
            info.kind == RoomKind::Group && info.category == category && info.dissolved_at.is_none()
        };
        for room in tables.rooms.values().filter(|room| live(&room.info)) {
            let room_id = room.info.id;
            match of {
                HintOf::Names => add(&room.info.name, room.members.len() as i64, room_id.0),
                HintOf::Tags => {
                    for (id, row) in tables
                        .tags
                        .iter()
                        .filter(|(_, row)| row.of == TagsOf::Room(room_id))
                    {
                        add(&row.text, 1, id.0);
                    }
                }
            }
        }
        let mut hints: Vec<_> = hints.into_iter().collect();
        hints.sort_by(|(_, a), (_, b)| rules::hint_order(a, b));
        hints.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(hints.into_iter().map(|(text, _)| text).collect())
    }

    async fn join_request(&self, id: RequestId) -> StoreResult<Option<JoinRequest>> {
        let tables = self.begin().await?;
        Ok(tables
            .join_requests
            .iter()
            .find(|request| request.id == id)
            .cloned())
    }
}

fn picture(id: PictureId, row: &PictureRow) -> Picture {
    Picture {
        id,
        image: row.image.clone(),
    }
}

fn announcement(tables: &mut Tables, room: RoomId, id: AnnouncementId) -> Result<&mut Announcement, Failure> {
    let found = tables.announcements.get_mut(&id).filter(|(of, _)| *of == room);
    let found = found.map(|(_, announcement)| announcement);
    found.ok_or(Failure::Unknown(Thing::Announcement))
}

fn hit(tables: &Tables, info: &RoomInfo, members: usize) -> GroupHit {
    let own = tables.tags.values().filter(|row| row.of == TagsOf::Room(info.id));
    GroupHit {
        id: info.id,
        name: info.name.clone(),
        category: info.category.clone(),
        member_count: members as i64,
        member_limit: info.member_limit,
        created_at: info.created_at,
        dissolved_at: info.dissolved_at,
        tags: own.map(|row| row.text.clone()).collect(),
    }
}

fn fits(query: &GroupQuery, group: &GroupHit) -> bool {
    let key = query.key.to_lowercase();
    let tags: Vec<String> = group.tags.iter().map(|tag| tag.to_lowercase()).collect();
    let by_key = group.name.to_lowercase().contains(&key) || tags.iter().any(|tag| tag.contains(&key));
    let by_tags = query.tags.iter().all(|tag| tags.contains(&tag.to_lowercase()));
    (query.category.is_empty() || query.category == group.category) && by_key && by_tags
}

/// Keeps somebody's picture in place of the one there was.
pub(super) fn set_avatar(
    tables: &mut Tables,
    of: (Option<AccountId>, Option<RoomId>),
    image: &Image,
    at: Timestamp,
) -> Result<(), Failure> {
    bind(tables, &image.blob)?;
    let old = tables.avatars.iter().find(|(_, row)| (row.0, row.1) == of);
    if let Some(old) = old.map(|(blob, _)| blob.clone()) {
        tables.avatars.remove(&old);
        release(tables, old, at);
    }
    tables
        .avatars
        .insert(image.blob.clone(), (of.0, of.1, image.mime.clone()));
    Ok(())
}

fn change_tag(tables: &mut Tables, of: TagsOf, change: &TagChange) -> Result<i64, Failure> {
    let mine = |row: &TagRow| row.of == of;
    let same = |tables: &Tables, text: &str| {
        let mut own = tables.tags.iter().filter(|(_, row)| mine(row));
        own.find(|(_, row)| row.text == text).map(|(id, _)| *id)
    };
    match change {
        TagChange::Add { text } => {
            if let Some(id) = same(tables, text) {
                return Ok(id.0);
            }
            let count = tables.tags.values().filter(|row| mine(row)).count();
            rules::check_count(count as i64, TAGS_FULL, rules::TAGS_MAX)?;
            let id = TagId(tables.next_shown());
            let text = text.clone();
            tables.tags.insert(id, TagRow { of, text });
            Ok(id.0)
        }
        TagChange::Edit { id, text } => {
            let other = same(tables, text).is_some_and(|other| other != *id);
            let row = tables.tags.get_mut(id).filter(|row| mine(row));
            let row = row.ok_or(Failure::Unknown(Thing::Tag))?;
            if other {
                return Err(Failure::Exists(Thing::Tag));
            }
            row.text.clone_from(text);
            Ok(id.0)
        }
        TagChange::Remove { id } => {
            if !tables.tags.get(id).is_some_and(mine) {
                return Err(Failure::Unknown(Thing::Tag));
            }
            tables.tags.remove(id);
            Ok(id.0)
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a change")]
fn apply(tables: &mut Tables, room: RoomId, change: &BoardChange, now: Timestamp) -> Result<i64, Failure> {
    let info = &tables.room(room)?.info;
    if info.kind != RoomKind::Group {
        return Err(Failure::Unknown(Thing::Room));
    }
    if let BoardChange::Rate { by, ratings } = change {
        return rate(tables, room, *by, ratings);
    }
    if info.dissolved_at.is_some() {
        return Err(Failure::Dissolved);
    }
    match change {
        BoardChange::Tag(change) => change_tag(tables, TagsOf::Room(room), change),
        BoardChange::AddPicture { image, max } => {
            let count = tables.pictures.values().filter(|row| row.room == room).count();
            rules::check_count(count as i64, PICTURES_FULL, *max)?;
            bind(tables, &image.blob)?;
            let id = PictureId(tables.next_shown());
            let image = image.clone();
            tables.pictures.insert(id, PictureRow { room, image });
            Ok(id.0)
        }
        BoardChange::RemovePicture { id } => {
            let found = tables.pictures.get(id).filter(|row| row.room == room);
            let blob = found.ok_or(Failure::Unknown(Thing::Picture))?.image.blob.clone();
            tables.pictures.remove(id);
            release(tables, blob, now);
            Ok(id.0)
        }
        BoardChange::Announce { author, title, text } => {
            let count = tables
                .announcements
                .values()
                .filter(|(of, _)| *of == room)
                .count();
            rules::check_count(count as i64, ANNOUNCEMENTS_FULL, rules::ANNOUNCEMENTS_MAX)?;
            let id = AnnouncementId(tables.next_shown());
            let made = Announcement {
                id,
                author: *author,
                title: title.clone(),
                text: text.clone(),
                image: None,
                created_at: now,
            };
            tables.announcements.insert(id, (room, made));
            Ok(id.0)
        }
        BoardChange::Reword { id, title, text } => {
            let announcement = announcement(tables, room, *id)?;
            announcement.title.clone_from(title);
            announcement.text.clone_from(text);
            Ok(id.0)
        }
        BoardChange::Withdraw { id } => {
            let image = announcement(tables, room, *id)?.image.take();
            tables.announcements.remove(id);
            if let Some(image) = image {
                release(tables, image.blob, now);
            }
            Ok(id.0)
        }
        BoardChange::Illustrate { id, image } => {
            let old = announcement(tables, room, *id)?.image.clone();
            match image {
                Some(image) => bind(tables, &image.blob)?,
                None if old.is_none() => return Err(Failure::Unknown(Thing::Picture)),
                None => {}
            }
            announcement(tables, room, *id)?.image.clone_from(image);
            if let Some(old) = old {
                release(tables, old.blob, now);
            }
            Ok(id.0)
        }
        BoardChange::Rate { .. } => Err(Failure::Internal("rated before".to_owned())),
    }
}

fn rate(tables: &mut Tables, room: RoomId, by: AccountId, ratings: &[Rating]) -> Result<i64, Failure> {
    tables.account(by)?;
    for rating in ratings {
        tables.account(rating.account)?;
    }
    if !tables.raters.insert((room, by)) {
        return Err(Failure::Forbidden("everybody rates once".to_owned()));
    }
    tables.ratings.extend_from_slice(ratings);
    Ok(ratings.len() as i64)
}
