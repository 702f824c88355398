//! What groups are found by: category, name, tags, members.

use crate::storage::directory::{containing, folded};
use crate::storage::rows;
use crate::storage::sql::{Conn, Row, SqlResult, values};
use roost_actors::board::rules::CANDIDATES_MAX;
use roost_actors::model::{GroupHit, GroupQuery, HintOf, RoomId, Timestamp};
use std::collections::{BTreeSet, HashMap};

macro_rules! hit_columns {
    () => {
        "SELECT g.room, g.name, g.category, g.member_count, g.member_limit, g.created_at, g.dissolved_at
        FROM room_groups g "
    };
}

/// Of a category, with a part of the name or of a tag, and with all of so many tags.
macro_rules! fitting {
    () => {
        " AND ($1 = '' OR g.category = $1)
        AND (g.name_folded LIKE $2 ESCAPE '\\'
            OR EXISTS (SELECT 1 FROM tags t WHERE t.room = g.room AND t.folded LIKE $2 ESCAPE '\\'))
        AND (CAST($4 AS bigint) = 0 OR (SELECT COUNT(DISTINCT t.folded) FROM tags t
            WHERE t.room = g.room AND t.folded = ANY($3)) = $4)
        ORDER BY g.member_count DESC, g.room DESC LIMIT $5"
    };
}

const FIND: &str = concat!(hit_columns!(), "WHERE g.dissolved_at IS NULL", fitting!());

const FIND_MINE: &str = concat!(
    hit_columns!(),
    "JOIN members m ON m.room = g.room AND m.account = $6 AND m.to_seq IS NULL WHERE g.room > 0",
    fitting!()
);

const NAMES: &str = "
    SELECT g.name FROM room_groups g
    WHERE g.category = $1 AND g.dissolved_at IS NULL AND g.name_folded LIKE $2 ESCAPE '\\'
    GROUP BY g.name
    ORDER BY MIN(CASE WHEN g.name_folded LIKE $3 ESCAPE '\\' THEN 0 ELSE 1 END), SUM(g.member_count) DESC,
        MIN(g.room)
    LIMIT $4";

const TAGS: &str = "
    SELECT t.text FROM tags t JOIN room_groups g ON g.room = t.room
    WHERE g.category = $1 AND g.dissolved_at IS NULL AND t.folded LIKE $2 ESCAPE '\\'
    GROUP BY t.text
    ORDER BY MIN(CASE WHEN t.folded LIKE $3 ESCAPE '\\' THEN 0 ELSE 1 END), COUNT(*) DESC, MIN(t.id)
    LIMIT $4";

pub async fn find(conn: &mut Conn, query: &GroupQuery) -> SqlResult<Vec<GroupHit>> {
    let wanted: BTreeSet<String> = query.tags.iter().map(|tag| folded(tag)).collect();
    let wanted: Vec<String> = wanted.into_iter().collect();
    let count = wanted.len() as i64;
    let pattern = containing(&folded(&query.key));
    let found = match query.member {
        None => {
            let values = values![&query.category, pattern, wanted, count, CANDIDATES_MAX];
            conn.rows(FIND, values).await?
        }
        Some(member) => {
            let values = values![&query.category, pattern, wanted, count, CANDIDATES_MAX, member];
            conn.rows(FIND_MINE, values).await?
        }
    };
    let mut groups = rows::all(found, hit)?;
    let ids: Vec<i64> = groups.iter().map(|group| group.id.0).collect();
    let sql = "SELECT room, text FROM tags WHERE room = ANY($1) ORDER BY id";
    let mut tags: HashMap<RoomId, Vec<String>> = HashMap::new();
    for mut row in conn.rows(sql, values![ids]).await? {
        let room = row.take()?;
        tags.entry(room).or_default().push(row.take()?);
    }
    for group in &mut groups {
        group.tags = tags.remove(&group.id).unwrap_or_default();
    }
    Ok(groups)
}

fn hit(row: &mut Row) -> SqlResult<GroupHit> {
    Ok(GroupHit {
        id: row.take()?,
        name: row.take()?,
        category: row.take()?,
        member_count: row.take()?,
        member_limit: row.take()?,
        created_at: row.take()?,
        dissolved_at: row.take::<Option<Timestamp>>()?,
        tags: Vec::new(),
    })
}

pub async fn hints(
    conn: &mut Conn,
    of: HintOf,
    category: &str,
    key: &str,
    limit: i64,
) -> SqlResult<Vec<String>> {
    let within = containing(&folded(key));
    // The same without what may come before.
    let beginning = within.strip_prefix('%').unwrap_or(&within).to_owned();
    let sql = match of {
        HintOf::Names => NAMES,
        HintOf::Tags => TAGS,
    };
    let values = values![category, within, beginning, limit.max(0)];
    rows::all(conn.rows(sql, values).await?, Row::take)
}
