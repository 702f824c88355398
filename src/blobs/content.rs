//! What a file is, judged by its bytes and never by what its client says, and what a browser may be told of it.

/// The first bytes by which a file is judged.
pub const HEAD_BYTES: usize = 8 * 1024;

/// A broad kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    Image,
    Audio,
    Video,
    Other,
}

/// A media type from a closed list: those that no browser runs, and one for all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Media {
    pub family: Family,
    /// The type as it is sent, as in `image/png`.
    pub mime: &'static str,
    /// The customary suffix with its dot; empty when unknown.
    pub suffix: &'static str,
}

impl Media {
    /// Bytes of no further account. Always served as an attachment.
    pub const OTHER: Media = Media {
        family: Family::Other,
        mime: "application/octet-stream",
        suffix: "",
    };

    /// Whether a browser may show it in place: pictures, sound and film, none of which can hold a script it runs.
    #[must_use]
    pub fn is_shown(self) -> bool {
        self.family != Family::Other
    }

    /// The media type that was kept as text beside a file. Anything but a type of the list is [`Media::OTHER`].
    #[must_use]
    pub fn named(mime: &str) -> Media {
        SHOWN
            .iter()
            .find(|media| media.mime == mime)
            .copied()
            .unwrap_or(Media::OTHER)
    }
}

const fn shown(family: Family, mime: &'static str, suffix: &'static str) -> Media {
    Media { family, mime, suffix }
}

/// Every type that is served as what it is. SVG, HTML, XML, PDF and scripts are not on it, on purpose.
const SHOWN: &[Media] = &[
    shown(Family::Image, "image/png", ".png"),
    shown(Family::Image, "image/jpeg", ".jpg"),
    shown(Family::Image, "image/gif", ".gif"),
    shown(Family::Image, "image/webp", ".webp"),
    shown(Family::Image, "image/bmp", ".bmp"),
    shown(Family::Image, "image/heif", ".heic"),
    shown(Family::Image, "image/avif", ".avif"),
    shown(Family::Audio, "audio/mpeg", ".mp3"),
    shown(Family::Audio, "audio/mp4", ".m4a"),
    shown(Family::Audio, "audio/aac", ".aac"),
    shown(Family::Audio, "audio/wav", ".wav"),
    shown(Family::Audio, "audio/ogg", ".ogg"),
    shown(Family::Audio, "audio/flac", ".flac"),
    shown(Family::Audio, "audio/amr", ".amr"),
    shown(Family::Audio, "audio/silk", ".silk"),
    shown(Family::Video, "video/mp4", ".mp4"),
    shown(Family::Video, "video/quicktime", ".mov"),
    shown(Family::Video, "video/webm", ".webm"),
    shown(Family::Video, "video/x-matroska", ".mkv"),
    shown(Family::Video, "video/x-msvideo", ".avi"),
    shown(Family::Video, "video/3gpp", ".3gp"),
];

/// What a file is, by its first [`HEAD_BYTES`].
#[must_use]
pub fn sniff(head: &[u8]) -> Media {
    // Voice messages of WeChat, sometimes with a byte before the mark. No other program knows them.
    if head.starts_with(b"#!SILK_V3") || head.get(1..).is_some_and(|rest| rest.starts_with(b"#!SILK_V3")) {
        return Media::named("audio/silk");
    }
    // An MPEG audio frame without a tag: the library knows only one of its versions. ADTS has its layer bits at zero.
    if let [0xff, second, third, ..] = head
        && second & 0xe6 == 0xe2
        && second & 0x18 != 0x08
        && third & 0xf0 != 0xf0
        && third & 0x0c != 0x0c
    {
        return Media::named("audio/mpeg");
    }
    // Films of older phones, which the library does not know.
    if head.get(4..8) == Some(b"ftyp") && matches!(head.get(8..11), Some(b"3gp" | b"3g2")) {
        return Media::named("video/3gpp");
    }
    let Some(found) = infer::get(head) else {
        return Media::OTHER;
    };
    Media::named(match found.mime_type() {
        "audio/m4a" => "audio/mp4",
        "audio/opus" => "audio/ogg",
        "audio/x-wav" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "video/x-m4v" => "video/mp4",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn known_bytes_are_told_by_their_type() {
        let ftyp = |brand: &[u8; 4]| [b"\0\0\0\x18ftyp".as_slice(), brand, b"\0\0\0\0isomiso2"].concat();
        let riff = |kind: &[u8; 4]| [b"RIFF\x10\0\0\0".as_slice(), kind, b"fmt \0\0\0\0"].concat();
        let mut webm =
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm".to_vec();
        webm.resize(300, 0);
        let cases: &[(&[u8], &str)] = &[
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (&riff(b"WEBP"), "image/webp"),
            (b"BM\x36\0\0\0\0\0\0\0", "image/bmp"),
            (&ftyp(b"heic"), "image/heif"),
            (b"ID3\x03\0\0\0\0\0\0", "audio/mpeg"),
            (b"\xff\xfb\x90\x64\0\0\0\0", "audio/mpeg"),
            (b"\xff\xf3\x40\xc4\0\0\0\0", "audio/mpeg"),
            (b"\xff\xf1\x50\x80\x02\x1f\xfc", "audio/aac"),
            (&ftyp(b"M4A "), "audio/mp4"),
            (&riff(b"WAVE"), "audio/wav"),
            (b"OggS\0\x02\0\0\0\0\0\0", "audio/ogg"),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0I*\xf6\xa0\0\0\0\0\x01\x13\x01OpusHead",
                "audio/ogg",
            ),
            (b"fLaC\0\0\0\x22", "audio/flac"),
            (b"#!AMR\n\x3c\x53\x0a\x7c\x9e\x96", "audio/amr"),
            (b"#!SILK_V3\x0c", "audio/silk"),
            (b"\x02#!SILK_V3\x0c", "audio/silk"),
            (&ftyp(b"isom"), "video/mp4"),
            (&ftyp(b"mp42"), "video/mp4"),
            (&ftyp(b"qt  "), "video/quicktime"),
            (&ftyp(b"3gp5"), "video/3gpp"),
            (&webm, "video/webm"),
            (&riff(b"AVI "), "video/x-msvideo"),
        ];
        for (head, mime) in cases {
            let media = sniff(head);
            assert_eq!(media.mime, *mime, "{}", String::from_utf8_lossy(head));
            assert!(media.is_shown());
        }
    }

    #[test]
    fn what_a_browser_would_run_is_bytes_of_no_account() {
        let cases: &[&[u8]] = &[
            b"<html><script>alert(1)</script></html>",
            b"<!DOCTYPE html><body onload=alert(1)>",
            b"  \n<script>alert(1)</script>",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"\xef\xbb\xbf<svg onload=alert(1)>",
            b"alert(document.cookie)",
            b"#!/bin/sh\nrm -rf /",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
            b"MZ\x90\0\x03\0\0\0",
            b"PK\x03\x04\x14\0\0\0",
            b"\0asm\x01\0\0\0",
            b"CWS\x0a",
            b"",
            b"\x89",
            b"plain text",
            "\u{feff}text".as_bytes(),
            &[0xff; 64],
        ];
        for head in cases {
            let media = sniff(head);
            assert_eq!(media, Media::OTHER, "{}", String::from_utf8_lossy(head));
            assert!(!media.is_shown());
        }
    }

    #[test]
    fn every_listed_type_is_found_by_its_name_and_no_other_is() {
        for media in SHOWN {
            assert_eq!(Media::named(media.mime), *media);
            assert!(media.suffix.starts_with('.'));
        }
        for mime in [
            "text/html",
            "image/svg+xml",
            "application/javascript",
            "",
            "IMAGE/PNG",
        ] {
            assert_eq!(Media::named(mime), Media::OTHER);
        }
    }
}
