//! team-up's objects, field by field, in the order of its document.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Login {
    pub token: String,
    pub openid: String,
    pub first_login: bool,
}

#[derive(Debug, Serialize)]
pub struct LoginStatus {
    pub status: bool,
}
