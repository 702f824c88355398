//! How long sound and film last, as their containers say.

use super::reader::BlobReader;
use crate::blobs::content::Media;
use std::time::Duration;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// How much of a file may be read for it, in bytes.
pub const READ_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What no voice message or film lasts: a container that says so lies.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A frame of AMR speech, in milliseconds, and what one takes at each of its rates, its own byte included.
const AMR_FRAME_MS: u64 = 20;
const AMR_FRAME_BYTES: [u64; 8] = [13, 14, 16, 18, 20, 21, 27, 32];

/// The duration of a file; `None` when its container does not tell.
pub fn of(mut reader: BlobReader, media: Media) -> Option<Duration> {
    if media.mime == "audio/amr" {
        return amr(&mut reader);
    }
    let mut hint = Hint::new();
    hint.mime_type(media.mime);
    hint.with_extension(media.suffix.trim_start_matches('.'));
    let source = MediaSourceStream::new(Box::new(reader), MediaSourceStreamOptions::default());
    let format = symphonia::default::get_probe()
        .probe(
            &hint,
            source,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .ok()?;
    longest(format.as_ref()).filter(|duration| !duration.is_zero() && *duration <= LONGEST)
}

/// What the container says of the whole, else its longest track.
fn longest(format: &dyn FormatReader) -> Option<Duration> {
    let whole = format.media_info();
    let tracks = format.tracks().iter();
    let told = std::iter::once((whole.time_base, whole.duration))
        .chain(tracks.map(|track| (track.time_base, track.duration)));
    told.filter_map(|(base, duration)| {
        let time = base?.calc_duration(duration?)?;
        u64::try_from(time.as_nanos()).ok().map(Duration::from_nanos)
    })
    .max()
}

/// Counts the frames of narrow-band AMR, which has no header that tells, from the size of its first one.
fn amr(reader: &mut BlobReader) -> Option<Duration> {
    use std::io::Read;
    use symphonia::core::io::MediaSource;
    const MAGIC: &[u8] = b"#!AMR\n";
    let mut head = [0; MAGIC.len() + 1];
    reader.read_exact(&mut head).ok()?;
    let mode = usize::from(head[MAGIC.len()] >> 3 & 0x0f);
    let frame = *AMR_FRAME_BYTES.get(mode)?;
    let frames = (reader.byte_len()? - MAGIC.len() as u64) / frame;
    Some(Duration::from_millis(frames * AMR_FRAME_MS))
}
