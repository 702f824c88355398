//! What names, how much and how deep the files of a room may be, and who may change one. Pure.

use crate::failure::{Failure, Thing};
use crate::model::{AccountId, FileId, TreeItem};
use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// Folders within each other, at most.
pub const DEPTH_FOLDERS_MAX: usize = 32;
/// Files and folders in one folder, at most: a folder is listed whole.
pub const FOLDER_ITEMS_MAX: i64 = 5_000;
/// Files and folders in one tree, and files given in one chat, at most.
pub const ROOM_ITEMS_MAX: i64 = 100_000;
/// What is full, in a failure.
pub const FULL: &str = "the space for files";

/// Who changes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    pub account: AccountId,
    /// A manager or the owner of the room.
    pub manages: bool,
}

/// What a room's tree, or what was given in its chat, takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub bytes: i64,
    pub items: i64,
}

/// A name that can be shown, and stored by whoever downloads the file.
pub fn check_name(name: &str) -> Result<(), Failure> {
    Failure::check_len("name", name, NAME_BYTES_MAX)?;
    let hidden = |c: char| {
        c.is_control() || matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if name.trim().is_empty() || name == "." || name == ".." || name.contains(hidden) {
        return Err(Failure::invalid("name", "must be a plain file name"));
    }
    Ok(())
}

/// Who uploaded a file, or a manager, may change it.
pub fn may_change(by: By, item: &TreeItem) -> Result<(), Failure> {
    if by.manages || item.owner == by.account {
        return Ok(());
    }
    Err(Failure::Forbidden("only who made it or a manager".to_owned()))
}

/// The bytes that may be added.
pub fn left(used: Used, quota_bytes: i64) -> Result<i64, Failure> {
    if used.items >= ROOM_ITEMS_MAX {
        return Err(full(ROOM_ITEMS_MAX));
    }
    if used.bytes >= quota_bytes {
        return Err(full(quota_bytes));
    }
    Ok(quota_bytes - used.bytes)
}

/// Whether one more item of `len` bytes may be added; a folder takes none.
pub fn check_room(used: Used, len: i64, quota_bytes: i64) -> Result<(), Failure> {
    if used.items >= ROOM_ITEMS_MAX {
        return Err(full(ROOM_ITEMS_MAX));
    }
    if len > 0 && used.bytes.saturating_add(len) > quota_bytes {
        return Err(full(quota_bytes));
    }
    Ok(())
}

/// Whether a folder that holds `items` may hold one more.
pub fn check_folder(items: i64) -> Result<(), Failure> {
    if items >= FOLDER_ITEMS_MAX {
        return Err(full(FOLDER_ITEMS_MAX));
    }
    Ok(())
}

/// Whether folders `height` deep may stand in a folder `depth` deep.
pub fn check_depth(depth: usize, height: usize) -> Result<(), Failure> {
    if depth + height > DEPTH_FOLDERS_MAX {
        return Err(full(DEPTH_FOLDERS_MAX as i64));
    }
    Ok(())
}

/// Whether an item may go to where `path` leads: the folder and all that it is in. A folder does not go into itself.
pub fn check_path(id: FileId, path: &[FileId]) -> Result<(), Failure> {
    if path.contains(&id) {
        return Err(Failure::Unknown(Thing::Folder));
    }
    Ok(())
}

fn full(max: i64) -> Failure {
    Failure::Full {
        what: FULL.to_owned(),
        max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RoomId, Spot, Timestamp};

    #[test]
    fn names_are_plain() {
        for name in ["a", "报告 v2.docx", ".profile", "a..b", "…", &"x".repeat(255)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "  ",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\nb",
            "a\0b",
            "a\u{202e}b",
            &"x".repeat(256),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn whoever_made_it_or_manages_may_change_it() {
        let item = TreeItem {
            id: FileId(1),
            room: RoomId(1),
            spot: Spot::Folder(None),
            owner: AccountId(7),
            name: "a".to_owned(),
            content: None,
            created_at: Timestamp(0),
        };
        let by = |account, manages| By {
            account: AccountId(account),
            manages,
        };
        assert_eq!(may_change(by(7, false), &item), Ok(()));
        assert_eq!(may_change(by(8, true), &item), Ok(()));
        assert!(may_change(by(8, false), &item).is_err());
    }

    #[test]
    fn a_quota_is_filled_to_the_last_byte_and_no_further() {
        let used = Used { bytes: 90, items: 3 };
        assert_eq!(left(used, 100), Ok(10));
        assert_eq!(check_room(used, 10, 100), Ok(()));
        assert!(check_room(used, 11, 100).is_err());
        assert!(check_room(used, i64::MAX, 100).is_err());
        let full = Used { bytes: 100, items: 3 };
        assert!(left(full, 100).is_err());
        // A folder takes no bytes, a group that was over its quota when that was lowered still sorts its files.
        assert_eq!(check_room(Used { bytes: 101, items: 3 }, 0, 100), Ok(()));
        let many = Used {
            bytes: 0,
            items: ROOM_ITEMS_MAX,
        };
        assert!(left(many, 100).is_err() && check_room(many, 0, 100).is_err());
    }

    #[test]
    fn folders_are_not_too_deep_and_not_in_themselves() {
        assert_eq!(check_depth(30, 2), Ok(()));
        assert!(check_depth(31, 2).is_err());
        let path = [FileId(3), FileId(2), FileId(1)];
        assert_eq!(check_path(FileId(4), &path), Ok(()));
        assert_eq!(check_path(FileId(2), &path), Err(Failure::Unknown(Thing::Folder)));
    }
}
