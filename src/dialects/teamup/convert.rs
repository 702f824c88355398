//! From the core's model to team-up's objects and back. Pure.

use super::content::{self, FileType, SentFile};
use super::wire;
use crate::blobs::names;
use roost_actors::model::{
    Account, AccountId, GroupHit, Role, RoomId, RoomInfo, Seat, SortBy, Spot, Timestamp, TreeItem,
};
use roost_actors::{Failure, Thing};
use serde_json::Number;
use time::{OffsetDateTime, UtcOffset};

/// What people are called who have not said how.
pub const NAMELESS: &str = "微信用户";

/// A time as `%Y/%m/%d %H:%M:%S`, so many hours from UTC.
#[must_use]
pub fn time(at: Timestamp, utc_offset_hours: i64) -> String {
    let hours = i8::try_from(utc_offset_hours).unwrap_or(0);
    let offset = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
    let shown = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset);
    format!(
        "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
        shown.year(),
        u8::from(shown.month()),
        shown.day(),
        shown.hour(),
        shown.minute(),
        shown.second()
    )
}

/// The group a client names. Group ids stay below account ids; no other number is a group.
pub fn group_id(id: i64) -> Result<RoomId, Failure> {
    if (1..AccountId::FIRST.0).contains(&id) {
        Ok(RoomId(id))
    } else {
        Err(Failure::Unknown(Thing::Room))
    }
}

/// What a person is called: people of other dialects may have no nickname.
#[must_use]
pub fn display_name(account: &Account) -> String {
    let names = [Some(&account.nickname), account.username.as_ref()];
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    name.cloned().unwrap_or_else(|| account.id.to_string())
}

/// The id a person is shown by: the one at WeChat where there is one and it is wanted, otherwise the account's number.
#[must_use]
pub fn shown_id(account: &Account, openid_shown: bool) -> String {
    match &account.external {
        Some(openid) if openid_shown => openid.clone(),
        _ => account.id.to_string(),
    }
}

/// A file or folder as it is listed.
#[must_use]
pub fn file(item: &TreeItem, utc_offset_hours: i64) -> wire::File {
    let parent_id = match item.spot {
        Spot::Folder(Some(folder)) => folder.0,
        Spot::Folder(None) | Spot::Chat => 0,
    };
    let kind = content::file_type(item);
    let duration_ms = item.content.as_ref().map_or(0, |content| content.duration_ms);
    wire::File {
        id: item.id.0,
        parent_id,
        name: item.name.clone(),
        suffix: kind.map_or("dir", |_| names::suffix(&item.name)).to_owned(),
        size: item.len(),
        time: time(item.created_at, utc_offset_hours),
        duration: seconds(duration_ms),
        file_type: kind.map_or("dir", FileType::name),
    }
}

/// A file as a message carries it.
#[must_use]
pub fn sent_file(file: &SentFile, utc_offset_hours: i64) -> wire::SentFile {
    let lasts = matches!(file.file_type, FileType::Voice | FileType::Video);
    wire::SentFile {
        id: file.id,
        name: file.name.clone(),
        suffix: names::suffix(&file.name).to_owned(),
        size: file.len,
        time: time(Timestamp(file.at), utc_offset_hours),
        duration: lasts.then(|| seconds(file.duration_ms)),
        file_type: file.file_type.name(),
    }
}

/// Milliseconds as seconds: a whole number where they are one.
fn seconds(ms: i64) -> Number {
    let whole = Number::from(ms / 1_000);
    if ms % 1_000 == 0 {
        return whole;
    }
    Number::from_f64(ms as f64 / 1_000.0).unwrap_or(whole)
}

/// How what is shown is written: by the settings.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub openid: bool,
    pub utc_offset_hours: i64,
}

#[must_use]
pub fn profile(account: &Account, stars: f64, shown: Shown) -> wire::Profile {
    wire::Profile {
        id: shown_id(account, shown.openid),
        nickname: display_name(account),
        info: account.intro.clone(),
        star_rating: stars,
        time: time(account.created_at, shown.utc_offset_hours),
    }
}

#[must_use]
pub fn group_info(info: &RoomInfo, shown: Shown) -> wire::GroupInfo {
    wire::GroupInfo {
        id: info.id.0,
        kind: info.category.clone(),
        name: info.name.clone(),
        user_cnt: info.member_count,
        user_limit: info.member_limit,
        info: info.intro.clone(),
        time: time(info.created_at, shown.utc_offset_hours),
    }
}

#[must_use]
pub fn found_group(group: GroupHit, shown: Shown) -> wire::FoundGroup {
    wire::FoundGroup {
        id: group.id.0,
        name: group.name,
        kind: group.category,
        user_cnt: group.member_count,
        user_limit: group.member_limit,
        time: time(group.created_at, shown.utc_offset_hours),
    }
}

/// A member; the creator is an admin too.
#[must_use]
pub fn member(seat: &Seat, shown: Shown) -> wire::Member {
    let nickname = &seat.member.nickname;
    wire::Member {
        user_id: shown_id(&seat.account, shown.openid),
        nickname: if nickname.is_empty() {
            display_name(&seat.account)
        } else {
            nickname.clone()
        },
        is_admin: seat.member.role >= Role::Manager,
        is_creator: seat.member.role == Role::Owner,
        time: time(seat.member.joined_at, shown.utc_offset_hours),
    }
}

/// A method of sorting by its name.
#[must_use]
pub fn sort_by(name: &str) -> Option<SortBy> {
    match name {
        "COMPREHENSIVE" => Some(SortBy::Everything),
        "RELATIVE" => Some(SortBy::Relevance),
        "TIME" => Some(SortBy::Time),
        "MEMBER" => Some(SortBy::Members),
        _ => None,
    }
}

/// An order by its name: whether it ascends.
#[must_use]
pub fn ascends(name: &str) -> Option<bool> {
    match name {
        "ASC" => Some(true),
        "DESC" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_ids_never_reach_accounts_or_direct_rooms() {
        assert_eq!(group_id(1), Ok(RoomId(1)));
        for id in [0, -1, 10_000_000, 1 << 40, i64::MAX] {
            assert_eq!(group_id(id), Err(Failure::Unknown(Thing::Room)), "{id}");
        }
    }

    #[test]
    fn durations_are_seconds_and_whole_where_they_are() {
        for (ms, shown) in [(0, "0"), (3_000, "3"), (1_250, "1.25"), (999, "0.999")] {
            assert_eq!(seconds(ms).to_string(), shown);
        }
    }

    #[test]
    fn times_are_shown_in_the_zone() {
        let at = Timestamp(1_700_000_000_999);
        assert_eq!(time(at, 8), "2023/11/15 06:13:20");
        assert_eq!(time(at, 0), "2023/11/14 22:13:20");
        assert_eq!(time(Timestamp(0), -12), "1969/12/31 12:00:00");
    }

    #[test]
    fn people_are_called_by_what_they_have() {
        let mut account = Account {
            id: AccountId(10_000_007),
            ..Account::default()
        };
        assert_eq!(display_name(&account), "10000007");
        account.username = Some("bob".to_owned());
        assert_eq!(display_name(&account), "bob");
        account.nickname = "Bob".to_owned();
        account.external = Some("oAbc".to_owned());
        assert_eq!(display_name(&account), "Bob");
        assert_eq!(shown_id(&account, true), "oAbc");
        assert_eq!(shown_id(&account, false), "10000007");
    }
}
