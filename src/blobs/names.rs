//! File names as people may be shown them and as headers may carry them.

use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

/// The longest cleaned name, in bytes: what file systems take.
pub const NAME_BYTES_MAX: usize = 255;
/// What nothing usable becomes.
pub const NAMELESS: &str = "file";
/// The longest suffix that is kept when a name is cut, in bytes.
const SUFFIX_BYTES_MAX: usize = 32;

/// A client's file name without its path, without what cannot be seen, and not longer than [`NAME_BYTES_MAX`].
#[must_use]
pub fn clean(raw: &str) -> String {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    // A leading space hides, a trailing dot or space is dropped by some systems and so changes the suffix.
    let trimmed = visible
        .trim_start()
        .trim_end_matches(|c: char| c.is_whitespace() || c == '.');
    if trimmed.is_empty() {
        return NAMELESS.to_owned();
    }
    cut(trimmed)
}

/// The suffix of a name with its dot, as in `.png`; empty when there is none.
#[must_use]
pub fn suffix(name: &str) -> &str {
    match name.rfind('.') {
        Some(at) if at > 0 && at + 1 < name.len() => &name[at..],
        _ => "",
    }
}

/// A `Content-Disposition` with the name in ASCII for old readers, and in full (RFC 5987) for all others.
#[must_use]
pub fn disposition(kind: DispositionType, name: &str) -> ContentDisposition {
    let name = clean(name);
    let plain = |c: char| {
        if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') {
            c
        } else {
            '_'
        }
    };
    let mut parameters = vec![DispositionParam::Filename(name.chars().map(plain).collect())];
    if !name.is_ascii() || name.contains(['"', '%']) {
        parameters.push(DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.into_bytes(),
        }));
    }
    ContentDisposition {
        disposition: kind,
        parameters,
    }
}

/// Control characters, line breaks, marks that turn the direction of text or hide it. Joiners stay: emoji need them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Cuts a long name before its suffix.
fn cut(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let suffix = match suffix(name) {
        suffix if suffix.len() <= SUFFIX_BYTES_MAX => suffix,
        _ => "",
    };
    let mut end = NAME_BYTES_MAX - suffix.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::TryIntoHeaderValue;

    #[test]
    fn names_are_cleaned() {
        let cases = [
            ("photo.png", "photo.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\a b.txt", "a b.txt"),
            ("/", "file"),
            ("", "file"),
            (".", "file"),
            ("..", "file"),
            (" . . ", "file"),
            ("a/..", "file"),
            ("a\0b\r\nX: y.png", "abX: y.png"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("\u{2066}a\u{2069}.txt", "a.txt"),
            ("a\u{200b}b\u{feff}.txt", "ab.txt"),
            ("evil.html. .", "evil.html"),
            (".htaccess", ".htaccess"),
            ("名字 😀.jpg", "名字 😀.jpg"),
            ("👨\u{200d}👩\u{200d}👧.gif", "👨\u{200d}👩\u{200d}👧.gif"),
            ("\u{e0041}tag.txt", "tag.txt"),
            ("\u{200b}\u{202e}", "file"),
        ];
        for (raw, clean_name) in cases {
            assert_eq!(clean(raw), clean_name, "{raw:?}");
            assert_eq!(
                clean(clean_name),
                clean_name,
                "cleaning again changes {clean_name:?}"
            );
        }
    }

    #[test]
    fn a_long_name_is_cut_before_its_suffix_and_between_characters() {
        for letter in ["a", "ä", "名", "😀"] {
            let name = clean(&format!("{}.tar.gz", letter.repeat(300)));
            assert!(name.len() <= NAME_BYTES_MAX && name.len() > NAME_BYTES_MAX - 4);
            assert!(name.ends_with(".gz"), "{name}");
        }
        let all_suffix = clean(&format!("a.{}", "b".repeat(1_000)));
        assert_eq!(all_suffix.len(), NAME_BYTES_MAX);
    }

    #[test]
    fn suffixes_are_told_with_their_dot() {
        for (name, told) in [
            ("a.png", ".png"),
            ("a.tar.gz", ".gz"),
            ("a", ""),
            (".htaccess", ""),
            ("a.", ""),
            ("名.字", ".字"),
        ] {
            assert_eq!(suffix(name), told, "{name}");
        }
    }

    #[test]
    fn a_disposition_is_one_line_of_ascii_whatever_the_name() {
        let cases = [
            ("a.png", "attachment; filename=\"a.png\""),
            (
                "na\"me\r\nSet-Cookie: x.png",
                "attachment; filename=\"na_meSet-Cookie: x.png\"; filename*=UTF-8''na%22meSet%2DCookie%3A%20x.png",
            ),
            (
                "名.png",
                "attachment; filename=\"_.png\"; filename*=UTF-8''%E5%90%8D.png",
            ),
            (
                "50%.png",
                "attachment; filename=\"50_.png\"; filename*=UTF-8''50%25.png",
            ),
        ];
        for (name, header) in cases {
            let written = disposition(DispositionType::Attachment, name);
            let value = written.try_into_value().unwrap();
            assert_eq!(value.to_str().unwrap(), header);
        }
    }
}
