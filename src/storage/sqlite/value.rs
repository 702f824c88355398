//! Values, rows and errors as SQLite has them.

use crate::storage::sql::{Row, SqlError, SqlResult, Value};
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, ffi};
use std::borrow::Cow;
use std::rc::Rc;

/// All rows of a statement's answer.
pub fn query(conn: &Connection, sql: &str, values: &[Value]) -> SqlResult<Vec<Row>> {
    let mut statement = conn.prepare_cached(&translate(sql)).map_err(error)?;
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement
        .query(rusqlite::params_from_iter(values))
        .map_err(error)?;
    while let Some(row) = rows.next().map_err(error)? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(cell(row.get_ref(column).map_err(error)?)?);
        }
        found.push(Row::new(cells));
    }
    Ok(found)
}

/// How many rows a statement touched.
pub fn execute(conn: &Connection, sql: &str, values: &[Value]) -> SqlResult<u64> {
    let mut statement = conn.prepare_cached(&translate(sql)).map_err(error)?;
    let touched = statement
        .execute(rusqlite::params_from_iter(values))
        .map_err(error)?;
    Ok(touched as u64)
}

/// What SQLite spells differently: parameters are numbered `?1`, a list is looked into with `IN rarray(…)`, and the
/// clock is an expression. Statements hold no other dollar sign: texts are always bound.
fn translate(sql: &str) -> Cow<'_, str> {
    let spellings = [
        ("$", "?"),
        ("= ANY(", "IN rarray("),
        ("now_ms()", "CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
    ];
    let mut spelled = Cow::Borrowed(sql);
    for (from, to) in spellings {
        if spelled.contains(from) {
            spelled = Cow::Owned(spelled.replace(from, to));
        }
    }
    spelled
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bool(flag) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*flag))),
            Value::Double(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Ints(list) => {
                ToSqlOutput::Array(Rc::new(list.iter().copied().map(Owned::Integer).collect()))
            }
            Value::Texts(list) => {
                ToSqlOutput::Array(Rc::new(list.iter().cloned().map(Owned::Text).collect()))
            }
        })
    }
}

fn cell(value: ValueRef<'_>) -> SqlResult<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Double(number),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|_| SqlError::Internal("a text is not UTF-8".to_owned()))?;
            Value::Text(text.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    })
}

/// What SQLite's refusal of a statement means.
pub fn error(error: rusqlite::Error) -> SqlError {
    let rusqlite::Error::SqliteFailure(code, text) = &error else {
        return SqlError::Internal(format!("SQLite: {error}"));
    };
    let why = text.clone().unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::ConstraintViolation => match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => SqlError::Unique(why),
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => SqlError::ForeignKey,
            _ => SqlError::Internal(format!("SQLite: {why}")),
        },
        ErrorCode::TooBig => SqlError::Invalid("is too long".to_owned()),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase => SqlError::Unavailable(format!("SQLite: {why}")),
        _ => SqlError::Internal(format!("SQLite: {why}")),
    }
}

/// What SQLite's refusal of a COMMIT means. After an error of the disk the log may hold the transaction or not.
pub fn commit_error(failed: rusqlite::Error) -> SqlError {
    let unsure = failed.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
    match error(failed) {
        SqlError::Unavailable(why) if unsure => SqlError::InDoubt(why),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_spelled_for_sqlite() {
        assert_eq!(
            translate("SELECT 1 FROM t WHERE a = $2 AND b = ANY($1)"),
            "SELECT 1 FROM t WHERE a = ?2 AND b IN rarray(?1)"
        );
        assert_eq!(
            translate("SELECT now_ms()"),
            "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        );
        assert!(matches!(translate("SELECT 1"), Cow::Borrowed(_)));
    }
}
