//! How a statement can fail, whichever engine ran it.

use roost_actors::Failure;
use roost_actors::ports::StoreError;

/// A statement's or a transaction's failure. Nothing was changed, except perhaps with [`SqlError::InDoubt`].
#[derive(Clone, Debug, PartialEq)]
pub enum SqlError {
    /// A unique constraint; the engine's words for it.
    Unique(String),
    /// A row that is referred to is not there.
    ForeignKey,
    /// A value that no column takes: its reason.
    Invalid(String),
    /// The engine was not reached, gave up, or is out of some resource.
    Unavailable(String),
    /// The commit was sent and not answered.
    InDoubt(String),
    /// A defect: a statement that the engine does not understand, a row of another shape.
    Internal(String),
    /// What the caller said a constraint means.
    Refused(Failure),
}

pub type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// Says what a violated unique constraint means here.
    #[must_use]
    pub fn if_taken(self, failure: Failure) -> SqlError {
        match self {
            SqlError::Unique(_) => SqlError::Refused(failure),
            other => other,
        }
    }

    /// Says what a missing row behind a reference means here.
    #[must_use]
    pub fn if_missing(self, failure: Failure) -> SqlError {
        match self {
            SqlError::ForeignKey => SqlError::Refused(failure),
            other => other,
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> StoreError {
        match error {
            SqlError::Refused(failure) => StoreError::Refused(failure),
            SqlError::Invalid(why) => StoreError::Refused(Failure::invalid("a value", &why)),
            SqlError::Unavailable(why) => StoreError::Unavailable(why),
            SqlError::InDoubt(why) => StoreError::Unknown(why),
            SqlError::Unique(what) => defect(&format!("an unexpected duplicate: {what}")),
            SqlError::ForeignKey => defect("an unexpected missing reference"),
            SqlError::Internal(why) => defect(&why),
        }
    }
}

fn defect(why: &str) -> StoreError {
    tracing::error!(%why, "storage failed in a way it should not");
    StoreError::Refused(Failure::Internal(format!("storage: {why}")))
}
