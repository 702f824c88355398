//! The search for what is nearest, over an index by cells, and the cells of places.

use super::rows;
use super::sql::{Conn, Row, SqlResult, Value, values};
use roost_actors::model::AccountId;
use roost_actors::near::{Found, Point, Search, Wanted};

/// Accounts in a range of cells, as [`nearest`] takes them.
pub const ACCOUNTS_IN_CELLS: &str = "
    SELECT a.id, a.longitude, a.latitude FROM accounts a WHERE a.cell >= $1 AND a.cell < $2
    ORDER BY a.cell, a.longitude, a.latitude, a.id LIMIT $3";

/// Groups in a range of cells.
pub const GROUPS_IN_CELLS: &str = "
    SELECT g.room, g.longitude, g.latitude FROM room_groups g WHERE g.cell >= $1 AND g.cell < $2
    ORDER BY g.cell, g.longitude, g.latitude, g.room LIMIT $3";

/// The ids of the nearest and how far each is, in metres.
pub async fn nearest(conn: &mut Conn, sql: &'static str, wanted: Wanted) -> SqlResult<Vec<(i64, f64)>> {
    let mut search = Search::new(wanted);
    while let Some(cells) = search.next_look() {
        let values = values![cells.start, cells.end, Search::ROWS_MAX as i64];
        let found = rows::all(conn.rows(sql, values).await?, found)?;
        search.learn(&found);
    }
    Ok(search.finish())
}

fn found(row: &mut Row) -> SqlResult<Found> {
    Ok(Found {
        id: row.take()?,
        at: point(row)?,
    })
}

fn point(row: &mut Row) -> SqlResult<Point> {
    Ok(Point {
        longitude: row.take()?,
        latitude: row.take()?,
    })
}

/// The cell of a place, as its column takes it.
pub fn cell(longitude: f64, latitude: f64) -> Value {
    let at = Point { longitude, latitude };
    at.cell().into()
}

/// Files an account under the place that it says it is at.
pub async fn file_account(conn: &mut Conn, account: AccountId) -> SqlResult<()> {
    let sql = "SELECT longitude, latitude FROM accounts WHERE id = $1";
    let Some(mut row) = conn.row(sql, values![account]).await? else {
        return Ok(());
    };
    let at = point(&mut row)?;
    let sql = "UPDATE accounts SET cell = $2 WHERE id = $1";
    conn.execute(sql, values![account, at.cell()]).await?;
    Ok(())
}
