//! `application/x-www-form-urlencoded` text to pairs. Unlike the usual crates it refuses bad UTF-8 instead of replacing it.

use super::ParamsError;

/// The pairs of a query or body, percent-decoded, in order. A `%` that starts no escape stands for itself.
pub fn pairs(input: &[u8]) -> impl Iterator<Item = Result<(String, String), ParamsError>> + '_ {
    input
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut sides = pair.splitn(2, |byte| *byte == b'=');
            let key = decoded(sides.next().unwrap_or_default());
            let value = decoded(sides.next().unwrap_or_default());
            let key = String::from_utf8(key).map_err(|error| ParamsError::NotUtf8 {
                key: String::from_utf8_lossy(error.as_bytes()).into_owned(),
            })?;
            match String::from_utf8(value) {
                Ok(value) => Ok((key, value)),
                Err(_) => Err(ParamsError::NotUtf8 { key }),
            }
        })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(*first),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
