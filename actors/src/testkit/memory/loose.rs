//! Blobs that nothing refers to yet or any more, in memory.

use super::tables::Tables;
use crate::failure::{Failure, Thing};
use crate::model::Timestamp;

/// A blob that nothing refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct LooseBlob {
    pub due: Timestamp,
    pub taken: bool,
}

/// From here on something refers to the blob.
pub(super) fn bind(tables: &mut Tables, blob: &str) -> Result<(), Failure> {
    match tables.loose_blobs.get(blob) {
        Some(loose) if !loose.taken => {
            tables.loose_blobs.remove(blob);
            Ok(())
        }
        _ => Err(Failure::Unknown(Thing::File)),
    }
}

/// From here on nothing refers to the blob.
pub(super) fn release(tables: &mut Tables, blob: String, due: Timestamp) {
    let loose = LooseBlob { due, taken: false };
    tables.loose_blobs.insert(blob, loose);
}
