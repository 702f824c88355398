//! Values, rows and errors as PostgreSQL has them.

use super::connect::chain;
use crate::storage::sql::{Row, SqlError, SqlResult, Value};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) => number.to_sql_checked(ty, out),
            Value::Text(text) => text.to_sql_checked(ty, out),
            Value::Bool(flag) => flag.to_sql_checked(ty, out),
            Value::Double(number) => number.to_sql_checked(ty, out),
            Value::Bytes(bytes) => bytes.to_sql_checked(ty, out),
            Value::Ints(list) => list.to_sql_checked(ty, out),
            Value::Texts(list) => list.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each variant checks for itself.
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Reads a row of an answer.
pub fn row(row: &tokio_postgres::Row) -> SqlResult<Row> {
    let cells = row.columns().iter().enumerate();
    let cells = cells.map(|(index, column)| cell(row, index, column.type_()));
    Ok(Row::new(cells.collect::<SqlResult<_>>()?))
}

fn cell(row: &tokio_postgres::Row, index: usize, ty: &Type) -> SqlResult<Value> {
    let value = match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from),
        Type::TEXT => row.try_get::<_, Option<String>>(index).map(Value::from),
        Type::BOOL => row.try_get::<_, Option<bool>>(index).map(Value::from),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(index).map(Value::from),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
        ref other => return Err(SqlError::Internal(format!("a column of type {other}"))),
    };
    value.map_err(error)
}

/// What PostgreSQL's refusal of a statement means, or that it was not reached.
pub fn error(error: tokio_postgres::Error) -> SqlError {
    let Some(refused) = error.as_db_error() else {
        return broken(&error);
    };
    let code = refused.code();
    let why = format!("PostgreSQL: {} ({})", refused.message(), code.code());
    if *code == SqlState::UNIQUE_VIOLATION {
        return SqlError::Unique(refused.constraint().unwrap_or(refused.message()).to_owned());
    }
    if *code == SqlState::FOREIGN_KEY_VIOLATION {
        return SqlError::ForeignKey;
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return SqlError::Unavailable(why);
    }
    match code.code().get(..2).unwrap_or_default() {
        // Data exceptions and limits of the program: a value that no column takes.
        "22" | "54" => SqlError::Invalid(format!("is not accepted ({})", refused.message())),
        // Connections, transactions that were given up, resources, an operator's intervention, the system below.
        "08" | "25" | "40" | "53" | "55" | "57" | "58" => SqlError::Unavailable(why),
        _ => SqlError::Internal(why),
    }
}

/// An error that did not come from the server. Values that do not fit their columns are told here too.
fn broken(error: &tokio_postgres::Error) -> SqlError {
    let why = chain(error);
    if why.starts_with("error serializing") || why.starts_with("error deserializing") {
        return SqlError::Internal(format!("PostgreSQL: {why}"));
    }
    SqlError::Unavailable(format!("PostgreSQL: {why}"))
}

/// What the failure of a COMMIT means: unless the server says that it rolled back, nobody knows.
pub fn commit_error(failed: tokio_postgres::Error) -> SqlError {
    let class = failed
        .code()
        .map(|code| code.code().get(..2).unwrap_or_default().to_owned());
    let rolled_back = matches!(class.as_deref(), Some("23" | "25" | "40"));
    match error(failed) {
        SqlError::Unavailable(why) | SqlError::Internal(why) if !rolled_back => SqlError::InDoubt(why),
        other => other,
    }
}
