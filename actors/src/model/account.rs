//! An account: one person's identity, shared by every dialect.

use super::{AccountId, Timestamp};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// What is known of a person. Texts are empty when never set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// A random UUID: the id shown where a dialect's ids are UUIDs.
    pub uuid: String,
    pub username: Option<String>,
    pub email: Option<String>,
    pub mobile: Option<String>,
    /// The id an outside identity provider (WeChat) knows this person by.
    pub external: Option<String>,
    pub nickname: String,
    pub avatar: String,
    pub gender: String,
    pub birth: String,
    pub intro: String,
    pub place: Place,
    pub has_password: bool,
    pub locked: bool,
    pub created_at: Timestamp,
    /// Tokens issued before this moment are void (raised when the password changes).
    pub tokens_from: Timestamp,
}

/// Where a person or a group says it is. Longitude and latitude in degrees, both 0 when unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub longitude: f64,
    pub latitude: f64,
    pub country: String,
    pub province: String,
    pub city: String,
    pub district: String,
    pub address: String,
}

impl Place {
    const NAME_BYTES_MAX: usize = 200;
    const ADDRESS_BYTES_MAX: usize = 40_000;

    /// Refuses coordinates off the globe and names that are too long.
    pub fn check(&self) -> Result<(), Failure> {
        check_degrees("longitude", self.longitude, 180.0)?;
        check_degrees("latitude", self.latitude, 90.0)?;
        let names = [
            ("country", &self.country),
            ("province", &self.province),
            ("city", &self.city),
            ("district", &self.district),
        ];
        for (field, name) in names {
            Failure::check_len(field, name, Place::NAME_BYTES_MAX)?;
        }
        Failure::check_len("address", &self.address, Place::ADDRESS_BYTES_MAX)
    }
}

/// Refuses a coordinate that is no number or beyond `max` degrees in either direction.
pub fn check_degrees(field: &str, degrees: f64, max: f64) -> Result<(), Failure> {
    if degrees.is_finite() && degrees.abs() <= max {
        return Ok(());
    }
    Err(Failure::invalid(
        field,
        &format!("must be between -{max} and {max} degrees"),
    ))
}

/// A name one can log in by. Unique over all three kinds together, without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LoginName {
    Username(String),
    Email(String),
    Mobile(String),
    External(String),
}

impl LoginName {
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            LoginName::Username(t) | LoginName::Email(t) | LoginName::Mobile(t) | LoginName::External(t) => t,
        }
    }
}

/// An account to be made. `id` is given only by the operator's app server or the management API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewAccount {
    pub id: Option<AccountId>,
    pub uuid: String,
    pub username: Option<String>,
    pub email: Option<String>,
    pub mobile: Option<String>,
    pub external: Option<String>,
    pub nickname: String,
    pub avatar: String,
    /// A PHC string, or none when the person has no password yet.
    pub password_hash: Option<String>,
    pub created_at: Timestamp,
}

/// Changes to a profile; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountEdit {
    pub nickname: Option<String>,
    pub avatar: Option<String>,
    pub gender: Option<String>,
    pub birth: Option<String>,
    pub intro: Option<String>,
    pub longitude: Option<f64>,
    pub latitude: Option<f64>,
    pub country: Option<String>,
    pub province: Option<String>,
    pub city: Option<String>,
    pub district: Option<String>,
}
