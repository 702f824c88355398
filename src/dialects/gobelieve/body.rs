//! Request bodies: JSON whatever the content type says, numbers that may be texts, flags that may be either.

use super::reply::Refusal;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A number as JSON, or as a text that holds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .map(Id)
            .ok_or_else(|| D::Error::custom("not a whole number"))
    }
}

/// A flag as Python reads one: nothing, 0 and the empty text are off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(pub bool);

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Switch, D::Error> {
        Ok(Switch(match Value::deserialize(deserializer)? {
            Value::Null => false,
            Value::Bool(flag) => flag,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !matches!(text.trim(), "" | "0" | "false"),
            _ => return Err(D::Error::custom("not a flag")),
        }))
    }
}

/// Reads a whole body.
pub async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Refusal> {
    let max = crate::http::ParamsLimits::of(request).body_bytes_max;
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid())?;
        if body.len() + chunk.len() > max {
            return Err(Refusal::invalid());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A body as JSON of a known shape.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Through a value, which bounds how deep it nests, and in which a NUL can be seen: no column keeps one.
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::invalid())?;
    if holds_nul(&value) {
        return Err(Refusal::invalid());
    }
    serde_json::from_value(value).map_err(|_| Refusal::invalid())
}

/// A body as plain text.
pub fn text(body: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::invalid())?;
    if text.contains('\0') {
        Err(Refusal::invalid())
    } else {
        Ok(text)
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Members, Named, NewGroup, Quiet};
    use super::*;

    fn ids(members: Vec<Named>) -> Vec<i64> {
        let id = |named| match named {
            Named::Id(id) | Named::Object { uid: id } => id.0,
        };
        members.into_iter().map(id).collect()
    }

    #[test]
    fn numbers_may_be_texts_and_members_objects() {
        let group: NewGroup =
            json(br#"{"master":"1","name":"g","super":true,"members":[1,"2",{"uid":3,"name":"x"}]}"#)
                .unwrap();
        assert_eq!((group.master, group.is_super), (Id(1), Switch(true)));
        assert_eq!(ids(group.members), [1, 2, 3]);
        let cases: [(&[u8], &[i64]); 4] = [
            (br#"["4",5]"#, &[4, 5]),
            (br#"{"uid":6}"#, &[6]),
            (br#"{"members":[{"uid":"7"}],"inviter":{"uid":1}}"#, &[7]),
            (b"[]", &[]),
        ];
        for (body, expected) in cases {
            let named = match json::<Members>(body).unwrap() {
                Members::List(list) | Members::Under { members: list } => list,
                Members::One(one) => vec![one],
            };
            assert_eq!(ids(named), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let bodies: [&[u8]; 6] = [
            b"",
            b"{",
            b"[]",
            br#"{"master":1.5,"name":"g","members":[]}"#,
            br#"{"master":1,"name":"a\u0000b","members":[]}"#,
            br#"{"master":1,"name":5,"members":[]}"#,
        ];
        for body in bodies {
            assert_eq!(json::<NewGroup>(body).err(), Some(Refusal::invalid()));
        }
        assert!(json::<NewGroup>("[".repeat(100_000).as_bytes()).is_err());
        assert!(text(b"\xff").is_err() && text(b"a\0").is_err());
    }

    #[test]
    fn flags_are_what_python_takes_for_true() {
        for (text, on) in [
            ("0", false),
            ("1", true),
            ("true", true),
            ("\"0\"", false),
            ("null", false),
        ] {
            let quiet: Quiet = json(format!(r#"{{"quiet":{text}}}"#).as_bytes()).unwrap();
            assert_eq!(quiet.quiet.unwrap_or_default(), Switch(on), "{text}");
        }
    }
}
