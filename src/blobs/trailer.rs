//! The last bytes of a file kept in a folder or in S3: its length, hash and age, made visible with it in one step.

use roost_actors::model::Timestamp;
use roost_actors::ports::{BlobId, BlobStat};
use std::fmt::Write;

/// Length of a trailer in bytes.
pub const LEN: usize = MAGIC.len() + 8 + 8 + HASH_BYTES;

/// What it begins with; the last byte is the version of its layout.
const MAGIC: [u8; 8] = *b"RoostBl\x01";
const HASH_BYTES: usize = 32;

/// Writes the trailer of a file.
pub fn encode(stat: &BlobStat) -> Vec<u8> {
    let mut out = Vec::with_capacity(LEN);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&stat.len.to_be_bytes());
    out.extend_from_slice(&stat.stored_at.0.to_be_bytes());
    let digits = stat.sha256.as_bytes().chunks_exact(2);
    out.extend(digits.map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])));
    out
}

/// Reads the trailer of a file that is `stored_len` bytes long with it. The error says what is wrong with the file.
pub fn decode(id: &BlobId, trailer: &[u8], stored_len: u64) -> Result<BlobStat, String> {
    if trailer.len() != LEN || trailer[..MAGIC.len()] != MAGIC {
        return Err(format!(
            "file {id} has no trailer: it was not written by this version"
        ));
    }
    let len = u64::from_be_bytes(number(trailer, MAGIC.len()));
    if len.checked_add(LEN as u64) != Some(stored_len) {
        return Err(format!(
            "file {id} is damaged: {stored_len} bytes stored for {len}"
        ));
    }
    let stored_at = i64::from_be_bytes(number(trailer, MAGIC.len() + 8));
    let mut sha256 = String::with_capacity(2 * HASH_BYTES);
    for byte in &trailer[LEN - HASH_BYTES..] {
        _ = write!(sha256, "{byte:02x}");
    }
    Ok(BlobStat {
        id: id.clone(),
        len,
        sha256,
        stored_at: Timestamp(stored_at),
    })
}

fn number(bytes: &[u8], at: usize) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&bytes[at..at + 8]);
    out
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat() -> BlobStat {
        BlobStat {
            id: BlobId::parse("00000000-0000-4000-8000-000000000000").unwrap(),
            len: 77,
            sha256: "0123456789abcdef".repeat(4),
            stored_at: Timestamp(1_700_000_000_000),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let stat = stat();
        let trailer = encode(&stat);
        assert_eq!(trailer.len(), LEN);
        assert_eq!(decode(&stat.id, &trailer, 77 + LEN as u64), Ok(stat));
    }

    #[test]
    fn a_cut_or_foreign_file_is_told_by_name() {
        let stat = stat();
        let trailer = encode(&stat);
        let cut = decode(&stat.id, &trailer, 76 + LEN as u64).unwrap_err();
        assert!(cut.contains("damaged"), "{cut}");
        let foreign = decode(&stat.id, &[7; LEN], 77 + LEN as u64).unwrap_err();
        assert!(foreign.contains("no trailer"), "{foreign}");
        assert!(decode(&stat.id, &trailer[1..], 77 + LEN as u64).is_err());
    }
}
