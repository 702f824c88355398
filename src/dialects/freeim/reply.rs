//! Answers in FreeIM's wrapper `{code, result, message}`, and the words of every refusal.

use crate::http::ParamsError;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
use roost_actors::{Failure, Thing};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;

/// What every handler returns.
pub type Answer = Result<HttpResponse, Refusal>;

/// The words of the original server, typos included: clients show and compare them.
pub mod words {
    pub const DONE: &str = "成功";
    pub const REGISTERED: &str = "注册成功";
    pub const LOGGED_IN: &str = "登陆成功";
    pub const SET: &str = "设置成功";
    pub const SENT: &str = "发送成功";
    pub const DELETED: &str = "删除成功";
    pub const REMOVED: &str = "移除成功";
    pub const ADDED: &str = "添加成功";
    pub const APPLIED: &str = "申请成功";
    pub const HANDLED: &str = "处理成功";
    pub const CREATED: &str = "创建成功";
    pub const LEFT: &str = "退出成功";
    pub const TRANSFERRED: &str = "转让成功";
    pub const CHANGED: &str = "修改成功";

    pub const SERVER_ERROR: &str = "服务器错误";
    pub const INVALID: &str = "参数不合法";
    pub const NO_ACCOUNT: &str = "账号不存在";
    pub const WRONG_CREDENTIALS: &str = "账号或密码错误";
    pub const LOCKED: &str = "账号被封禁";
    pub const CODE_WRONG: &str = "验证码错误";
    pub const CODE_EXPIRED: &str = "验证码过期，请刷新后重试";
    pub const LOGIN_EXPIRED: &str = "登录超时";
    pub const ACCOUNT_EXISTS: &str = "账号已存在";
    pub const HAN_IN_NAME: &str = "用户名不能包含中文";
    pub const NOT_FRIENDS: &str = "对方还不是您的好友";
    pub const FRIENDS_ALREADY: &str = "对方已经是您的好友";
    pub const REQUEST_WAITS: &str = "对方还未验证您的好友请求";
    pub const NO_REQUEST: &str = "请求不存在";
    pub const NO_BLOCK: &str = "黑名单不存在";
    pub const CONTACT_GROUP_EXISTS: &str = "分组已存在";
    pub const NO_CONTACT_GROUP: &str = "分组不存在";
    /// Of the newer server.
    pub const TOO_MANY_GROUPS: &str = "您的创建群聊数量超过限制";
    pub const NO_GROUP: &str = "群聊不存在";
    pub const JOINING_OFF: &str = "当前群聊禁止新成员加入";
    pub const GROUP_FULL: &str = "当前群聊人数已满";
    pub const NO_JOIN_REQUEST: &str = "加群申请不存在";
    pub const JOIN_REQUEST_WAITS: &str = "已发送过加群申请";
    pub const MEMBER_ALREADY: &str = "你已经是此群聊成员";
    pub const NOT_MANAGER: &str = "您不是群聊管理员";
    pub const NOT_OWNER: &str = "您不是群主";
    pub const NOT_MEMBER: &str = "你不是是此群聊成员";
    pub const OWNER_STAYS: &str = "群主无法退群，请转让群";
    pub const PROTECTED: &str = "不允许踢出群主或管理员";
    pub const NO_MEMBER: &str = "成员不在本群聊";
    pub const NOT_AUTHOR: &str = "只能撤回自己的消息";
    pub const TOO_LATE: &str = "超过2分钟消息无法撤回";

    // Refusals that the original server does not know; see docs/dialects/freeim.md.
    pub const MUTED: &str = "您已被禁言";
    pub const BLOCKED: &str = "对方已将您拉入黑名单";
    pub const TOKEN_REUSED: &str = "此Idempotency-Key已用于其他请求";
    pub const OUTCOME_UNKNOWN: &str = "处理结果未知，请用相同的Idempotency-Key重试";
    pub const RATE_LIMITED: &str = "请求过于频繁，请稍后再试";
    pub const CODE_NOT_SENT: &str = "验证码发送失败，请稍后再试";
    pub const BUSY: &str = "服务器繁忙，请稍后再试";
    pub const TOO_MANY: &str = "数量已达上限";
    pub const FORBIDDEN: &str = "没有权限";
    pub const NOT_FOUND: &str = "数据不存在";
    pub const EXISTS: &str = "数据已存在";
}

#[derive(Serialize)]
struct Wrapper<'a, T> {
    code: i32,
    result: T,
    message: &'a str,
}

fn wrapped<T: Serialize>(status: StatusCode, code: i32, result: T, message: &str) -> HttpResponse {
    let wrapper = Wrapper {
        code,
        result,
        message,
    };
    match serde_json::to_vec(&wrapper) {
        Ok(body) => HttpResponse::build(status)
            .content_type(ContentType::json())
            .body(body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as json");
            Refusal::Said(words::SERVER_ERROR).error_response()
        }
    }
}

/// A success with a result.
pub fn ok<T: Serialize>(result: T, message: &str) -> Answer {
    Ok(wrapped(StatusCode::OK, 0, result, message))
}

/// A success that has nothing to show but its words.
pub fn done(message: &str) -> Answer {
    ok(Value::Null, message)
}

/// The list shape of every FreeIM list.
#[derive(Serialize)]
pub struct Items<T> {
    pub items: Vec<T>,
    pub total: usize,
}

/// A success with a list.
pub fn list<T: Serialize>(items: Vec<T>) -> Answer {
    let total = items.len();
    ok(Items { items, total }, "")
}

/// The answer to unknown paths and wrong methods, as gin gives it.
#[must_use]
pub fn missing() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type(ContentType::plaintext())
        .body("404 page not found")
}

/// A request that ends without its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// One of the fixed sentences.
    Said(&'static str),
    /// A value that is missing or out of bounds; the text says which.
    Invalid(String),
    /// A value or body that could not be parsed; the parser's text is the message, as in the original.
    Unparsed(String),
    /// No token, or one that is not good any more.
    LoginExpired,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Said(text) => f.write_str(text),
            Refusal::Invalid(text) | Refusal::Unparsed(text) => f.write_str(text),
            Refusal::LoginExpired => f.write_str(words::LOGIN_EXPIRED),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Refusal::LoginExpired => StatusCode::UNAUTHORIZED,
            Refusal::Said(_) | Refusal::Invalid(_) | Refusal::Unparsed(_) => StatusCode::OK,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        match self {
            Refusal::Said(text) => wrapped(status, 1, json!({}), text),
            Refusal::Invalid(info) => wrapped(status, 1, json!({ "info": info }), words::INVALID),
            Refusal::Unparsed(text) => wrapped(status, 1, json!({}), text),
            Refusal::LoginExpired => wrapped(status, 1, Value::Null, words::LOGIN_EXPIRED),
        }
    }
}

impl Refusal {
    /// A failure about something that is no group: that is not full of members.
    pub fn of_a_list(failure: Failure) -> Refusal {
        match failure {
            Failure::Full { .. } => Refusal::Said(words::TOO_MANY),
            other => other.into(),
        }
    }
}

impl From<ParamsError> for Refusal {
    fn from(error: ParamsError) -> Refusal {
        Refusal::Unparsed(error.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let text = match failure {
            Failure::Invalid { .. } | Failure::TooLong { .. } => {
                return Refusal::Invalid(failure.to_string());
            }
            Failure::WrongCredentials => words::WRONG_CREDENTIALS,
            Failure::Locked => words::LOCKED,
            Failure::CodeWrong => words::CODE_WRONG,
            Failure::CodeExpired => words::CODE_EXPIRED,
            Failure::Unknown(thing) => unknown(thing),
            Failure::Exists(thing) | Failure::Waiting(thing) => taken(thing, &failure),
            Failure::NotMember => words::NOT_MEMBER,
            Failure::NotManager => words::NOT_MANAGER,
            Failure::NotOwner => words::NOT_OWNER,
            Failure::NotAuthor => words::NOT_AUTHOR,
            Failure::OwnerStays => words::OWNER_STAYS,
            Failure::Protected => words::PROTECTED,
            Failure::NotFriends => words::NOT_FRIENDS,
            Failure::Blocked => words::BLOCKED,
            Failure::Muted { .. } => words::MUTED,
            Failure::JoiningOff => words::JOINING_OFF,
            Failure::Full { .. } => words::GROUP_FULL,
            Failure::Dissolved => words::NO_GROUP,
            Failure::TooLate { .. } => words::TOO_LATE,
            Failure::Forbidden(_) => words::FORBIDDEN,
            Failure::TokenReused => words::TOKEN_REUSED,
            Failure::OutcomeUnknown => words::OUTCOME_UNKNOWN,
            Failure::RateLimited { .. } => words::RATE_LIMITED,
            Failure::Busy(_) | Failure::Quarantined(_) | Failure::Moved => words::BUSY,
            Failure::Unavailable(why) => {
                tracing::warn!(%why, "a request was refused for want of something outside");
                words::SERVER_ERROR
            }
            Failure::Internal(why) => {
                tracing::error!(%why, "a request failed inside");
                words::SERVER_ERROR
            }
        };
        Refusal::Said(text)
    }
}

fn unknown(thing: Thing) -> &'static str {
    match thing {
        Thing::Account | Thing::Login => words::NO_ACCOUNT,
        Thing::Room => words::NO_GROUP,
        Thing::Member => words::NO_MEMBER,
        Thing::Message => words::NOT_AUTHOR,
        Thing::Contact => words::NOT_FRIENDS,
        Thing::Block => words::NO_BLOCK,
        Thing::FriendRequest => words::NO_REQUEST,
        Thing::JoinRequest => words::NO_JOIN_REQUEST,
        Thing::ContactGroup => words::NO_CONTACT_GROUP,
        Thing::File
        | Thing::Folder
        | Thing::Picture
        | Thing::Tag
        | Thing::Announcement
        | Thing::Name
        | Thing::Secret => words::NOT_FOUND,
    }
}

/// Words for what exists already, or waits already.
fn taken(thing: Thing, failure: &Failure) -> &'static str {
    match thing {
        Thing::Account | Thing::Login => words::ACCOUNT_EXISTS,
        Thing::Member => words::MEMBER_ALREADY,
        Thing::Contact => words::FRIENDS_ALREADY,
        Thing::FriendRequest => words::REQUEST_WAITS,
        Thing::JoinRequest => words::JOIN_REQUEST_WAITS,
        Thing::ContactGroup => words::CONTACT_GROUP_EXISTS,
        Thing::Room
        | Thing::Message
        | Thing::Block
        | Thing::File
        | Thing::Folder
        | Thing::Picture
        | Thing::Tag
        | Thing::Announcement
        | Thing::Name
        | Thing::Secret => {
            tracing::debug!(%failure, "a refusal has no words of its own");
            words::EXISTS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn shown(refusal: Refusal) -> (u16, String) {
        let answer = refusal.error_response();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn refusals_have_the_shape_that_clients_know() {
        let (status, body) = shown(Failure::NotMember.into()).await;
        assert_eq!(status, 200);
        assert_eq!(body, r#"{"code":1,"result":{},"message":"你不是是此群聊成员"}"#);
        let (status, body) = shown(Refusal::LoginExpired).await;
        assert_eq!(status, 401);
        assert_eq!(body, r#"{"code":1,"result":null,"message":"登录超时"}"#);
        let (status, body) = shown(Failure::invalid("toId", "must be a number").into()).await;
        assert_eq!(status, 200);
        assert_eq!(
            body,
            r#"{"code":1,"result":{"info":"toId is not valid: must be a number"},"message":"参数不合法"}"#
        );
    }

    #[actix_web::test]
    async fn storage_that_is_away_is_a_plain_server_error_and_tells_nothing() {
        let (status, body) = shown(Failure::Unavailable("postgres at 10.0.0.1".to_owned()).into()).await;
        assert_eq!(status, 200);
        assert_eq!(body, r#"{"code":1,"result":{},"message":"服务器错误"}"#);
    }
}
