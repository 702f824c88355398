//! What goes into statements and comes out of rows: five types, null, and lists for `= ANY($n)`.

use super::error::{SqlError, SqlResult};
use roost_actors::cluster::Incarnation;
use roost_actors::model::{
    AccountId, AnnouncementId, ChannelId, CommitKey, ContactGroupId, Epoch, FileId, MessageId, PictureId,
    RequestId, RoomId, Seq, TagId, Timestamp,
};

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bool(bool),
    Double(f64),
    Bytes(Vec<u8>),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

/// The values of a statement: `values![id, name, at]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::storage::sql::Value::from($value)),*]
    };
}
pub(crate) use values;

impl Value {
    /// Refuses what one of the engines cannot store, so that both refuse the same.
    pub fn check(&self) -> SqlResult<()> {
        match self {
            Value::Text(text) => check_text(text),
            Value::Texts(texts) => texts.iter().try_for_each(|text| check_text(text)),
            Value::Double(number) if !number.is_finite() => {
                Err(SqlError::Invalid("must be a finite number".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// PostgreSQL has no NUL in texts.
pub fn check_text(text: &str) -> SqlResult<()> {
    if text.contains('\0') {
        return Err(SqlError::Invalid("must not hold a NUL character".to_owned()));
    }
    Ok(())
}

macro_rules! from {
    ($($source:ty => $variant:ident($convert:expr)),+ $(,)?) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Value {
                Value::$variant($convert(value))
            }
        })+
    };
}

from! {
    i64 => Int(|v| v),
    bool => Bool(|v| v),
    f64 => Double(|v| v),
    String => Text(|v| v),
    &String => Text(String::clone),
    &str => Text(str::to_owned),
    Vec<u8> => Bytes(|v| v),
    Vec<i64> => Ints(|v| v),
    Vec<String> => Texts(|v| v),
    AccountId => Int(|v: AccountId| v.0),
    RoomId => Int(|v: RoomId| v.0),
    MessageId => Int(|v: MessageId| v.0),
    RequestId => Int(|v: RequestId| v.0),
    FileId => Int(|v: FileId| v.0),
    ContactGroupId => Int(|v: ContactGroupId| v.0),
    ChannelId => Int(|v: ChannelId| v.0),
    TagId => Int(|v: TagId| v.0),
    PictureId => Int(|v: PictureId| v.0),
    AnnouncementId => Int(|v: AnnouncementId| v.0),
    Seq => Int(|v: Seq| v.0),
    Epoch => Int(|v: Epoch| v.0),
    CommitKey => Int(|v: CommitKey| v.0),
    Timestamp => Int(|v: Timestamp| v.0),
    Incarnation => Int(|v: Incarnation| v.0),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value {
    fn from(value: &'a Option<String>) -> Value {
        value.as_deref().into()
    }
}

/// A row of an answer, read column by column from the left.
#[derive(Debug)]
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    #[must_use]
    pub fn new(values: Vec<Value>) -> Row {
        Row(values.into_iter())
    }

    /// The next column.
    pub fn take<T: FromValue>(&mut self) -> SqlResult<T> {
        let left = self.0.len();
        let value = self.0.next();
        let value = value.ok_or_else(|| SqlError::Internal("a row has too few columns".to_owned()))?;
        T::from_value(value).map_err(|value| {
            let wanted = std::any::type_name::<T>();
            SqlError::Internal(format!(
                "a column, {left} from the end, holds {value:?}, not {wanted}"
            ))
        })
    }
}

/// What a column can be read as. SQLite has no type for truth.
pub trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, Value>;
}

macro_rules! read {
    ($($target:ty: $($pattern:pat => $result:expr),+;)+) => {
        $(impl FromValue for $target {
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    $($pattern => Ok($result),)+
                    other => Err(other),
                }
            }
        })+
    };
}

read! {
    i64: Value::Int(v) => v;
    bool: Value::Bool(v) => v, Value::Int(v) => v != 0;
    f64: Value::Double(v) => v;
    String: Value::Text(v) => v;
    Vec<u8>: Value::Bytes(v) => v;
}

macro_rules! read_ids {
    ($($id:ident),+) => {
        $(impl FromValue for $id {
            fn from_value(value: Value) -> Result<Self, Value> {
                i64::from_value(value).map($id)
            }
        })+
    };
}

read_ids!(
    AccountId,
    RoomId,
    MessageId,
    RequestId,
    Seq,
    CommitKey,
    Epoch,
    Timestamp,
    FileId,
    ContactGroupId,
    ChannelId,
    TagId,
    PictureId,
    AnnouncementId,
    Incarnation
);

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_from_the_left_by_type() {
        let mut row = Row::new(vec![
            Value::Int(1),
            Value::Text("a".to_owned()),
            Value::Int(0),
            Value::Null,
        ]);
        assert_eq!(row.take::<AccountId>(), Ok(AccountId(1)));
        assert_eq!(row.take::<String>(), Ok("a".to_owned()));
        assert_eq!(row.take::<bool>(), Ok(false));
        assert_eq!(row.take::<Option<i64>>(), Ok(None));
        assert!(matches!(row.take::<i64>(), Err(SqlError::Internal(_))));
    }

    #[test]
    fn what_one_engine_cannot_store_both_refuse() {
        assert!(Value::from("a\0b").check().is_err());
        assert!(
            Value::from(vec!["ok".to_owned(), "\0".to_owned()])
                .check()
                .is_err()
        );
        assert!(Value::from(f64::NAN).check().is_err());
        assert!(Value::from("plain").check().is_ok());
    }
}
