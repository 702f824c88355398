//! Answers in team-up's flat wrapper `{code, errorMsg, …}`, and the code and words of every refusal.

use super::State;
use crate::http::ParamsError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, Responder, ResponseError, web};
use roost_actors::{Failure, Thing, board, tree};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// What every handler returns whose answer is JSON.
pub type Answer = Result<Reply, Refusal>;
/// What every handler returns whose answer is the bytes of a file.
pub type Bytes = Result<HttpResponse, Refusal>;

macro_rules! codes {
    ($($name:ident = $code:literal $words:literal $status:ident,)+) => {
        /// The codes of the document, with the words that it has for each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($name = $code,)+
        }

        impl Code {
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Code::$name => $words,)+
                }
            }

            /// The HTTP status where refusals have one: those of downloads, or all by `teamup.http_errors`.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self {
                    $(Code::$name => StatusCode::$status,)+
                }
            }
        }
    };
}

codes! {
    Service = 100 "服务错误" INTERNAL_SERVER_ERROR,
    BadParameter = 101 "参数缺少/有误" BAD_REQUEST,
    TokenExpired = 111 "token过期" UNAUTHORIZED,
    TokenInvalid = 112 "token不合法" UNAUTHORIZED,
    TokenMissing = 113 "token缺失" UNAUTHORIZED,
    NicknameEmpty = 201 "昵称为空" BAD_REQUEST,
    UserUnknown = 202 "用户不存在" NOT_FOUND,
    UserTagUnknown = 211 "个性标签不存在" NOT_FOUND,
    UserTagEmpty = 212 "个性标签为空" BAD_REQUEST,
    GroupUnknown = 301 "群组不存在" NOT_FOUND,
    MemberUnknown = 302 "用户不存在" NOT_FOUND,
    Forbidden = 303 "用户无权限进行此操作" FORBIDDEN,
    Dismissed = 304 "群组已解散" FORBIDDEN,
    AlreadyIn = 311 "已经进入群组" CONFLICT,
    AlreadyAsked = 312 "已经加入过群组" CONFLICT,
    GroupFull = 314 "群组已满" CONFLICT,
    RatingOutOfRange = 321 "rating越界" BAD_REQUEST,
    PicturesFull = 331 "简介照片已满" CONFLICT,
    PictureUnknown = 332 "简介照片不存在" NOT_FOUND,
    FileUnknown = 341 "文件不存在" NOT_FOUND,
    FolderUnknown = 342 "文件夹不存在" NOT_FOUND,
    FileExists = 343 "文件已存在" CONFLICT,
    FilesFull = 344 "群文件已满" CONFLICT,
    TypeUnknown = 351 "群组类型不存在" BAD_REQUEST,
    OrderUnknown = 352 "排序顺序不存在" BAD_REQUEST,
    MethodUnknown = 353 "排序方法不存在" BAD_REQUEST,
    GroupTagUnknown = 361 "群组标签不存在" NOT_FOUND,
    GroupTagEmpty = 362 "群组标签为空" BAD_REQUEST,
    PeerUnknown = 401 "私聊用户不存在" NOT_FOUND,
    ChatUnknown = 402 "群聊不存在" NOT_FOUND,
    NotInChat = 403 "不在群组内" FORBIDDEN,
    ChatDismissed = 404 "群组已解散" FORBIDDEN,
    KindUnknown = 405 "消息类型不存在" BAD_REQUEST,
    TemporaryFileUnknown = 406 "临时文件不存在" NOT_FOUND,
    NotInRoom = 407 "上传临时文件时不在房间内" FORBIDDEN,
    RoomUnknown = 408 "房间号不存在" NOT_FOUND,
    BadMessage = 409 "消息格式错误" BAD_REQUEST,
    RoomKindUnknown = 410 "房间类型错误" BAD_REQUEST,
}

/// The number of a success, unless `teamup.success_code` says another, is this.
#[cfg(test)]
const SUCCESS: i64 = 0;

fn wrapped(code: i64, words: &str, fields: Map<String, Value>) -> Value {
    let mut body = Map::new();
    body.insert("code".to_owned(), code.into());
    body.insert("errorMsg".to_owned(), words.into());
    body.extend(fields);
    Value::Object(body)
}

/// A JSON answer: its own fields beside the code.
#[derive(Clone, Debug)]
pub struct Reply {
    refused: Option<Refusal>,
    fields: Map<String, Value>,
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self.refused {
            Some(refusal) => refusal.response(self.fields),
            None => {
                let state = request.app_data::<web::Data<State>>();
                let code = state.map_or(0, |state| state.settings.success_code);
                HttpResponse::Ok().json(wrapped(code, "", self.fields))
            }
        }
    }
}

fn fields<T: Serialize>(data: &T) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(data) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(Failure::Internal(format!("an answer is no object: {other}"))),
        Err(error) => Err(Failure::Internal(format!("an answer is no json: {error}"))),
    }
}

/// A success with these fields.
pub fn with<T: Serialize>(data: &T) -> Answer {
    Ok(Reply {
        refused: None,
        fields: fields(data)?,
    })
}

/// `success_msg_response`: a success that has nothing else to say.
pub fn done() -> Answer {
    with(&serde_json::json!({ "msg": "success" }))
}

/// A refusal that carries fields of its own.
pub fn refused_with<T: Serialize>(refusal: Refusal, data: &T) -> Answer {
    Ok(Reply {
        fields: fields(data)?,
        refused: Some(refusal),
    })
}

/// The answer to paths that lead nowhere.
#[must_use]
pub fn missing() -> HttpResponse {
    status_only(StatusCode::NOT_FOUND, "接口不存在")
}

/// The answer to a method that a path does not take.
#[must_use]
pub fn wrong_method() -> HttpResponse {
    status_only(StatusCode::METHOD_NOT_ALLOWED, "请求方法错误")
}

fn status_only(status: StatusCode, words: &str) -> HttpResponse {
    let code = Code::BadParameter as i64;
    HttpResponse::build(status).json(wrapped(code, words, Map::new()))
}

/// A request that ends without its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// Said after the words of the code.
    detail: String,
    /// A status that stands whatever the settings say: the node's own trouble.
    status: Option<StatusCode>,
}

impl Refusal {
    /// The words a client is shown.
    #[must_use]
    pub fn words(&self) -> String {
        if self.detail.is_empty() {
            return self.code.words().to_owned();
        }
        format!("{}: {}", self.code.words(), self.detail)
    }

    /// The same refusal in the words of the user service.
    #[must_use]
    pub fn of_user(mut self) -> Refusal {
        self.code = match self.code {
            Code::MemberUnknown => Code::UserUnknown,
            Code::GroupTagUnknown => Code::UserTagUnknown,
            Code::GroupTagEmpty => Code::UserTagEmpty,
            other => other,
        };
        self
    }

    /// The same refusal in the words of the chat service.
    #[must_use]
    pub fn of_chat(mut self) -> Refusal {
        self.code = match self.code {
            Code::GroupUnknown => Code::ChatUnknown,
            Code::MemberUnknown | Code::UserUnknown => Code::PeerUnknown,
            Code::Forbidden => Code::NotInChat,
            Code::Dismissed => Code::ChatDismissed,
            Code::FileUnknown => Code::TemporaryFileUnknown,
            other => other,
        };
        self
    }

    fn response(&self, more: Map<String, Value>) -> HttpResponse {
        let body = wrapped(self.code as i64, &self.words(), more);
        HttpResponse::build(self.status.unwrap_or(StatusCode::OK)).json(body)
    }
}

/// A refusal by its code alone.
impl From<Code> for Refusal {
    fn from(code: Code) -> Refusal {
        Refusal {
            code,
            detail: String::new(),
            status: None,
        }
    }
}

/// A parameter that is missing or not what it should be.
#[must_use]
pub fn bad(detail: impl Into<String>) -> Refusal {
    Refusal {
        detail: detail.into(),
        ..Code::BadParameter.into()
    }
}

/// Reads a failure in the words of the user service.
#[must_use]
pub fn user(failure: Failure) -> Refusal {
    Refusal::from(failure).of_user()
}

/// Reads a failure in the words of the chat service.
#[must_use]
pub fn chat(failure: Failure) -> Refusal {
    Refusal::from(failure).of_chat()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::OK)
    }

    fn error_response(&self) -> HttpResponse {
        self.response(Map::new())
    }
}

/// Around every route: gives refusals an HTTP status where they have one. A picture's client looks at nothing else.
pub async fn status(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let told = state.settings.http_errors || request.method() == Method::GET;
    let mut answer = next.call(request).await?.map_into_boxed_body();
    let refusal = answer
        .response()
        .error()
        .and_then(|error| error.as_error::<Refusal>());
    if let Some(refusal) = refusal.filter(|_| told) {
        let status = refusal.status.unwrap_or(refusal.code.status());
        *answer.response_mut().status_mut() = status;
    }
    Ok(answer)
}

impl From<ParamsError> for Refusal {
    fn from(error: ParamsError) -> Refusal {
        bad(error.to_string())
    }
}

/// The group service's reading; [`user`] and [`chat`] give the others'.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let detail = failure.to_string();
        let code = match failure {
            Failure::Invalid { field, .. } => match field.as_str() {
                "nickname" => Code::NicknameEmpty,
                "tag" => Code::GroupTagEmpty,
                "star_rating" => Code::RatingOutOfRange,
                _ => return bad(detail),
            },
            Failure::TooLong { .. } | Failure::TokenReused => return bad(detail),
            Failure::WrongCredentials | Failure::Locked => Code::TokenInvalid,
            Failure::CodeWrong | Failure::CodeExpired => return bad(detail),
            Failure::Unknown(thing) => return unknown(thing),
            Failure::Exists(thing) => return exists(thing),
            Failure::Waiting(_) => Code::AlreadyAsked,
            Failure::NotMember
            | Failure::NotManager
            | Failure::NotOwner
            | Failure::NotAuthor
            | Failure::OwnerStays
            | Failure::Protected
            | Failure::NotFriends
            | Failure::Blocked
            | Failure::Muted { .. }
            | Failure::JoiningOff
            | Failure::TooLate { .. }
            | Failure::Forbidden(_) => Code::Forbidden,
            Failure::Full { what, .. } => match what.as_str() {
                board::PICTURES_FULL => Code::PicturesFull,
                board::TAGS_FULL | board::ANNOUNCEMENTS_FULL => return bad(detail),
                tree::rules::FULL => Code::FilesFull,
                _ => Code::GroupFull,
            },
            Failure::Dissolved => Code::Dismissed,
            Failure::OutcomeUnknown => return own(StatusCode::SERVICE_UNAVAILABLE, &detail),
            Failure::RateLimited { .. } => return own(StatusCode::TOO_MANY_REQUESTS, &detail),
            Failure::Busy(_) | Failure::Quarantined(_) | Failure::Moved => {
                return own(StatusCode::SERVICE_UNAVAILABLE, "服务繁忙，请稍后再试");
            }
            Failure::Unavailable(why) => {
                tracing::warn!(%why, "a request was refused for want of something outside");
                return own(StatusCode::SERVICE_UNAVAILABLE, "服务暂不可用");
            }
            Failure::Internal(why) => {
                tracing::error!(%why, "a request failed inside");
                return own(StatusCode::INTERNAL_SERVER_ERROR, "");
            }
        };
        code.into()
    }
}

/// The node cannot do it: not what the client asked is at fault.
fn own(status: StatusCode, detail: &str) -> Refusal {
    Refusal {
        code: Code::Service,
        detail: detail.to_owned(),
        status: Some(status),
    }
}

fn unknown(thing: Thing) -> Refusal {
    match thing {
        Thing::Account | Thing::Login | Thing::Member | Thing::Contact | Thing::Block => {
            Code::MemberUnknown.into()
        }
        Thing::Room => Code::GroupUnknown.into(),
        Thing::File => Code::FileUnknown.into(),
        Thing::Folder => Code::FolderUnknown.into(),
        Thing::Picture => Code::PictureUnknown.into(),
        Thing::Tag => Code::GroupTagUnknown.into(),
        // The document has no code for these.
        Thing::FriendRequest
        | Thing::JoinRequest
        | Thing::Announcement
        | Thing::Message
        | Thing::ContactGroup
        | Thing::Name
        | Thing::Secret => bad(Failure::Unknown(thing).to_string()),
    }
}

fn exists(thing: Thing) -> Refusal {
    match thing {
        Thing::Member | Thing::Account => Code::AlreadyIn.into(),
        Thing::JoinRequest => Code::AlreadyAsked.into(),
        Thing::File | Thing::Folder => Code::FileExists.into(),
        other => bad(Failure::Exists(other).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    async fn shown(answer: HttpResponse) -> (u16, String) {
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn a_success_is_flat_and_begins_with_its_code() {
        let request = TestRequest::get().to_http_request();
        let answer = done().unwrap().respond_to(&request);
        let text = format!(r#"{{"code":{SUCCESS},"errorMsg":"","msg":"success"}}"#);
        assert_eq!(shown(answer).await, (200, text));
        assert!(with(&vec![1]).is_err());
    }

    #[actix_web::test]
    async fn a_refusal_says_its_code_in_the_words_of_the_document() {
        let cases = [
            (Refusal::from(Failure::Dissolved), 200, 304, "群组已解散"),
            (chat(Failure::Dissolved), 200, 404, "群组已解散"),
            (chat(Failure::NotMember), 200, 403, "不在群组内"),
            (chat(Failure::Unknown(Thing::Room)), 200, 402, "群聊不存在"),
            (user(Failure::Unknown(Thing::Account)), 200, 202, "用户不存在"),
            (Failure::Unknown(Thing::Account).into(), 200, 302, "用户不存在"),
            (
                user(Failure::invalid("tag", "is empty")),
                200,
                212,
                "个性标签为空",
            ),
            (
                Failure::Busy("x".to_owned()).into(),
                503,
                100,
                "服务错误: 服务繁忙，请稍后再试",
            ),
            (Failure::Internal("x".to_owned()).into(), 500, 100, "服务错误"),
            (bad("no"), 200, 101, "参数缺少/有误: no"),
        ];
        for (refusal, status, code, words) in cases {
            let text = format!(r#"{{"code":{code},"errorMsg":"{words}"}}"#);
            assert_eq!(shown(refusal.error_response()).await, (status, text));
        }
    }
}
