//! How much and how long what is shown may be, and in which order groups are found. Pure.

use crate::failure::Failure;
use crate::model::{GroupHit, GroupQuery, Rating, SortBy};
use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

/// The longest tag, in bytes.
pub const TAG_BYTES_MAX: usize = 200;
/// Tags of one group or account, at most.
pub const TAGS_MAX: i64 = 50;
/// The longest title and text of an announcement, in bytes.
pub const TITLE_BYTES_MAX: usize = 400;
pub const TEXT_BYTES_MAX: usize = 40_000;
/// Announcements of one group, at most: they are listed whole.
pub const ANNOUNCEMENTS_MAX: i64 = 1_000;
/// Groups that are looked at for one search, at most: those with the most members.
pub const CANDIDATES_MAX: i64 = 10_000;
/// Tags that a search may ask for, and ratings that one call may give, at most.
pub const WANTED_TAGS_MAX: usize = 50;
pub const RATINGS_MAX: usize = 100_000;
/// The best that one can say of somebody.
pub const STARS_MAX: f64 = 10.0;

/// What is full, in failures.
pub const TAGS_FULL: &str = "the list of tags";
pub const PICTURES_FULL: &str = "the list of pictures";
pub const ANNOUNCEMENTS_FULL: &str = "the list of announcements";

/// A tag without the blanks around it.
pub fn tag(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::invalid("tag", "must not be blank"));
    }
    Failure::check_len("tag text", text, TAG_BYTES_MAX)?;
    Ok(text.to_owned())
}

/// A title that says something, and a text of bounded length.
pub fn check_announcement(title: &str, text: &str) -> Result<(), Failure> {
    if title.trim().is_empty() {
        return Err(Failure::invalid("title", "must not be blank"));
    }
    Failure::check_len("title", title, TITLE_BYTES_MAX)?;
    Failure::check_len("text", text, TEXT_BYTES_MAX)
}

/// Refuses one more than `max`.
pub fn check_count(count: i64, what: &str, max: i64) -> Result<(), Failure> {
    if count < max {
        return Ok(());
    }
    Err(Failure::Full {
        what: what.to_owned(),
        max,
    })
}

/// Stars within their range, and nobody twice.
pub fn check_ratings(ratings: &[Rating]) -> Result<(), Failure> {
    if ratings.len() > RATINGS_MAX {
        return Err(Failure::invalid("rates", "too many"));
    }
    if !ratings
        .iter()
        .all(|rating| (0.0..=STARS_MAX).contains(&rating.stars))
    {
        let why = format!("must be from 0 to {STARS_MAX}");
        return Err(Failure::invalid("star_rating", &why));
    }
    let mut rated = HashSet::new();
    if !ratings.iter().all(|rating| rated.insert(rating.account)) {
        return Err(Failure::invalid("rates", "names somebody twice"));
    }
    Ok(())
}

/// How well a group fits a search: the kind of match of its name (3 exact, 2 at the beginning, 1 within, 0 none), and
/// how many of its tags hold the key or are among the wanted.
fn relevance(query: &GroupQuery, group: &GroupHit) -> (u8, usize) {
    let key = query.key.to_lowercase();
    let name = group.name.to_lowercase();
    let by_name = match &key {
        key if key.is_empty() => 0,
        key if name == *key => 3,
        key if name.starts_with(key.as_str()) => 2,
        key if name.contains(key.as_str()) => 1,
        _ => 0,
    };
    let wanted: HashSet<String> = query.tags.iter().map(|tag| tag.to_lowercase()).collect();
    let fits = |tag: &&String| {
        let tag = tag.to_lowercase();
        wanted.contains(&tag) || (!key.is_empty() && tag.contains(&key))
    };
    (by_name, group.tags.iter().filter(fits).count())
}

/// Brings the groups that were found into the order that was asked for, and cuts what is too much.
pub fn rank(query: &GroupQuery, groups: &mut Vec<GroupHit>) {
    let worth = |group: &GroupHit| -> (u8, usize, i64, i64) {
        let (by_name, by_tags) = relevance(query, group);
        match query.sort {
            SortBy::Everything => (by_name, by_tags, group.member_count, group.created_at.0),
            SortBy::Relevance => (by_name, by_tags, 0, 0),
            SortBy::Time => (0, 0, group.created_at.0, 0),
            SortBy::Members => (0, 0, group.member_count, 0),
        }
    };
    groups.sort_by_cached_key(|group| (Reverse(worth(group)), group.id));
    if query.ascending {
        groups.reverse();
    }
    groups.truncate(usize::try_from(query.limit).unwrap_or(0));
}

/// The order of hints: those that begin with the key, then those with the most behind them, then the oldest.
#[must_use]
pub fn hint_order(a: &(bool, i64, i64), b: &(bool, i64, i64)) -> Ordering {
    (!a.0, Reverse(a.1), a.2).cmp(&(!b.0, Reverse(b.1), b.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, RoomId, Timestamp};

    fn group(id: i64, name: &str, tags: &[&str], members: i64, at: i64) -> GroupHit {
        GroupHit {
            id: RoomId(id),
            name: name.to_owned(),
            category: "x".to_owned(),
            member_count: members,
            member_limit: 10,
            created_at: Timestamp(at),
            dissolved_at: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    fn ranked(key: &str, tags: &[&str], sort: SortBy, ascending: bool) -> Vec<i64> {
        let query = GroupQuery {
            key: key.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            sort,
            ascending,
            limit: 100,
            ..GroupQuery::default()
        };
        let mut groups = vec![
            group(1, "The Chess club", &["chess"], 9, 50),
            group(2, "chess", &[], 2, 40),
            group(3, "Chess for all", &["CHESS", "chess open"], 2, 60),
            group(4, "go", &["chess"], 5, 10),
            group(5, "chess again", &[], 2, 60),
        ];
        rank(&query, &mut groups);
        groups.iter().map(|group| group.id.0).collect()
    }

    #[test]
    fn groups_come_in_each_of_the_four_orders_and_backwards() {
        let orders = [
            (SortBy::Relevance, vec![2, 3, 5, 1, 4]),
            (SortBy::Everything, vec![2, 3, 5, 1, 4]),
            (SortBy::Time, vec![3, 5, 1, 2, 4]),
            (SortBy::Members, vec![1, 4, 2, 3, 5]),
        ];
        for (sort, mut order) in orders {
            assert_eq!(ranked("Chess", &[], sort, false), order, "{sort:?}");
            order.reverse();
            assert_eq!(ranked("Chess", &[], sort, true), order, "{sort:?}");
        }
        // Without a key: members, then the newest.
        assert_eq!(ranked("", &[], SortBy::Everything, false), [1, 4, 3, 5, 2]);
        assert_eq!(ranked("", &["chess"], SortBy::Relevance, false), [1, 3, 4, 2, 5]);
    }

    #[test]
    fn ratings_are_from_nought_to_ten_and_of_nobody_twice() {
        let rating = |account, stars| Rating {
            account: AccountId(account),
            stars,
        };
        assert_eq!(
            check_ratings(&[rating(1, 0.0), rating(2, 10.0), rating(3, 7.5)]),
            Ok(())
        );
        for bad in [
            vec![rating(1, -0.1)],
            vec![rating(1, 10.01)],
            vec![rating(1, f64::NAN)],
            vec![rating(1, 5.0), rating(1, 6.0)],
        ] {
            assert!(check_ratings(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_say_something_within_bounds() {
        assert_eq!(tag("  chess "), Ok("chess".to_owned()));
        assert!(tag(" \n").is_err() && tag(&"x".repeat(TAG_BYTES_MAX + 1)).is_err());
        assert!(check_announcement(" ", "x").is_err() && check_announcement("x", "").is_ok());
    }

    #[test]
    fn hints_that_begin_with_the_key_come_first() {
        let mut hints = vec![(false, 9, 1), (true, 1, 4), (true, 5, 3), (true, 5, 2)];
        hints.sort_by(hint_order);
        assert_eq!(hints, [(true, 5, 2), (true, 5, 3), (true, 1, 4), (false, 9, 1)]);
    }
}
