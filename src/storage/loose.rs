//! Blobs that nothing refers to yet or any more: noted, until something does or the bytes are gone.

use super::sql::{Conn, Value, values};
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::Timestamp;
use roost_actors::ports::StoreResult;

/// From here on something refers to the blob, if the transaction commits. Refused with `Unknown(File)` when it was not
/// noted, or is about to be removed.
pub async fn bind(conn: &mut Conn, blob: &str) -> StoreResult<()> {
    let sql = "DELETE FROM loose_blobs WHERE blob = $1 AND NOT taken";
    match conn.execute(sql, values![blob]).await? {
        0 => Err(Failure::Unknown(Thing::File).into()),
        _ => Ok(()),
    }
}

/// From here on nothing refers to these blobs, if the transaction commits: they are due.
pub async fn release(
    conn: &mut Conn,
    blobs: impl IntoIterator<Item = String>,
    due: Timestamp,
) -> StoreResult<()> {
    let notes: Vec<Vec<Value>> = blobs
        .into_iter()
        .map(|blob| vec![blob.into(), due.into()])
        .collect();
    let sql = "INSERT INTO loose_blobs (blob, due, taken) VALUES ($1, $2, FALSE)";
    conn.execute_many(sql, &notes).await?;
    Ok(())
}
