//! `/chat/group` and `/chat/private`: one room over a socket, with its latest messages first.

use super::auth::prove;
use super::chat::private_room;
use super::content::{self, Misspoken, Shown, Spoken};
use super::form::Form;
use super::reply::{Bytes, Code, Refusal, bad, chat};
use super::{State, convert, wire};
use crate::http::params::of_query;
use crate::http::{Rate, Rates};
use crate::ws::{Action, Beat, CloseCode, Codec, Frame, OpenError, Opening, Said, Sockets};
use actix_web::{HttpRequest, web};
use actix_web_actors::ws;
use futures_util::stream;
use roost_actors::Failure;
use roost_actors::model::{
    AccountId, Caller, ChatMessage, CodecId, HistoryQuery, MessageId, Order, Post, Push, RoomId, RoomKind,
    RoomPosition, Seq,
};
use serde::Serialize;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

/// Messages that are sent on connecting, and in one page of history.
const PAGE_MESSAGES: i64 = 20;
/// Pings in a row without any word from the client after which it is given up.
const UNANSWERED_MAX: u64 = 3;

/// `/chat/group?group_id=`
pub async fn group(
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    request: HttpRequest,
    payload: web::Payload,
) -> Bytes {
    let asked = async {
        let me = Caller::person(prove(&state, &request).await?.id);
        let form = Form::new(of_query(&request)?);
        let room = convert::group_id(form.number("group_id")?).map_err(chat)?;
        Ok((me, room))
    };
    let asked = asked.await;
    open(asked, true, (&state, &sockets), request, payload).await
}

/// `/chat/private?user_id=`
pub async fn private(
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    request: HttpRequest,
    payload: web::Payload,
) -> Bytes {
    let asked = async {
        let me = Caller::person(prove(&state, &request).await?.id);
        let form = Form::new(of_query(&request)?);
        let room = private_room(&state, me, &form.required("user_id")?).await;
        Ok((me, room.map_err(chat)?))
    };
    let asked = asked.await;
    open(asked, false, (&state, &sockets), request, payload).await
}

/// Opens a socket on a room, or one that says why not: a page cannot read a handshake that was refused.
async fn open(
    asked: Result<(Caller, RoomId), Refusal>,
    in_group: bool,
    (state, sockets): (&web::Data<State>, &web::Data<Sockets>),
    request: HttpRequest,
    payload: web::Payload,
) -> Bytes {
    // What is no handshake at all is answered as any other request.
    ws::handshake(&request).map_err(|error| bad(error.to_string()))?;
    let entered = async {
        let (me, room) = asked?;
        check(state, me, room).await?;
        let entered = sockets.enter(&request, me).map_err(|error| match error {
            OpenError::Handshake(error) => bad(error.to_string()),
            OpenError::Failure(failure) => failure.into(),
        })?;
        let codec = TeamupCodec {
            state: state.clone(),
            rates: request.app_data::<web::Data<Rates>>().cloned(),
            base: State::base_url(&request),
            room,
            in_group,
        };
        // After entering: what is posted from now on is either on this page or pushed.
        let (greeting, seen) = page(state, me, room, None).await?;
        Ok((entered, codec, greeting, seen))
    };
    let (entered, codec, greeting, seen) = match entered.await {
        Ok(entered) => entered,
        Err(refusal) => return refuse(&request, &refusal),
    };
    let position = RoomPosition {
        room: codec.room,
        last_seq: seen,
        from_seq: Seq(1),
    };
    let opening = Opening {
        greeting,
        beat: beat(state),
    };
    Ok(sockets.start(entered, &[position], codec, payload, opening))
}

/// Whether the caller may talk in the room.
async fn check(state: &State, me: Caller, room: RoomId) -> Result<(), Refusal> {
    let view = state.node.room(room).look(me).await.map_err(chat)?;
    if view.me.is_none() {
        return Err(Code::NotInChat.into());
    }
    if view.info.dissolved_at.is_some() {
        return Err(Code::ChatDismissed.into());
    }
    Ok(())
}

/// Shakes hands, says one thing and goodbye.
fn refuse(request: &HttpRequest, refusal: &Refusal) -> Bytes {
    let mut answer = ws::handshake(request).map_err(|error| bad(error.to_string()))?;
    let frames = [error(refusal), goodbye(refusal)];
    let frames = frames.map(|frame| Ok::<_, Infallible>(frame.into_bytes()));
    Ok(answer.streaming(stream::iter(frames)))
}

fn goodbye(refusal: &Refusal) -> Frame {
    Frame::close(CloseCode::Policy, refusal.code.words())
}

fn beat(state: &State) -> Option<Rc<Beat>> {
    let every_seconds = state.settings.ping_seconds;
    let text = &state.settings.ping_text;
    let frame = if text.is_empty() {
        Frame::ping()
    } else {
        Frame::ping().and(&Frame::text(text))
    };
    (every_seconds > 0).then(|| {
        Rc::new(Beat {
            frame,
            every_seconds,
            unanswered_max: UNANSWERED_MAX,
        })
    })
}

/// The latest messages, or those before one, oldest first, and up to where the room has been read.
async fn page(
    state: &State,
    me: Caller,
    room: RoomId,
    before: Option<MessageId>,
) -> Result<(Vec<Frame>, Seq), Refusal> {
    let query = HistoryQuery {
        before,
        order: Order::Descending,
        limit: PAGE_MESSAGES,
        ..HistoryQuery::all()
    };
    let page = state.node.room(room).page(me, query, false).await.map_err(chat)?;
    let kind = page.kind.unwrap_or(RoomKind::Group);
    let messages = &page.messages;
    state.seen.learn(state, kind, messages).await.map_err(chat)?;
    let frames = messages
        .iter()
        .rev()
        .filter_map(|message| shown(state, kind, message, true));
    Ok((frames.collect(), page.last_seq))
}

/// A message as clients are sent it.
fn shown(state: &State, kind: RoomKind, message: &ChatMessage, history: bool) -> Option<Frame> {
    let (said, at) = content::shown(message)?;
    let zone = state.settings.utc_offset_hours;
    let (msg_type, content, file) = match said {
        Shown::Text(text) => ("text", Some(text), None),
        Shown::File(file) => (file.sent_as.name(), None, Some(convert::sent_file(&file, zone))),
    };
    let in_group = kind == RoomKind::Group;
    let sender = state.seen.sender(message);
    Some(frame(&wire::Message {
        id: message.id.0,
        user_id: sender.user_id,
        nickname: sender.nickname,
        room_id: (!in_group).then_some(message.room.0),
        msg: wire::Said {
            msg_type,
            content,
            file_id: file.as_ref().map(|file| file.id),
            file_info: file,
            at: in_group.then_some(at),
        },
        time: state.time(message.created_at),
        history,
    }))
}

fn error(refusal: &Refusal) -> Frame {
    frame(&wire::Error {
        code: refusal.code as i64,
        error_msg: refusal.words(),
    })
}

fn frame(value: &impl Serialize) -> Frame {
    match serde_json::to_string(value) {
        Ok(text) => Frame::text(&text),
        // Texts and numbers always have a JSON form.
        Err(error) => unreachable!("a frame could not be written as json: {error}"),
    }
}

/// One room over a socket: JSON as text.
#[derive(Clone)]
struct TeamupCodec {
    state: web::Data<State>,
    rates: Option<web::Data<Rates>>,
    /// Where the client reaches this node, for addresses in what it posts.
    base: String,
    room: RoomId,
    in_group: bool,
}

impl Codec for TeamupCodec {
    fn id(&self) -> CodecId {
        self.state.codec
    }

    fn shows(&self, _: AccountId, push: &Push) -> bool {
        matches!(push, Push::Posted { message, .. } if message.room == self.room)
    }

    fn prepare(&self, push: &Push) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        let Push::Posted { kind, message } = push else {
            return None;
        };
        if self.state.seen.knows(&self.state.node, message) {
            return None;
        }
        let (state, kind, message) = (self.state.clone(), *kind, message.clone());
        Some(Box::pin(async move {
            if let Err(failure) = state.seen.learn(&state, kind, [&message]).await {
                tracing::warn!(%failure, "a message goes out without the name of its sender");
            }
        }))
    }

    fn render(&self, push: &Push) -> Option<Frame> {
        match push {
            Push::Posted { kind, message } => shown(&self.state, *kind, message, false),
            _ => None,
        }
    }

    fn hear(&mut self, me: Caller, said: Said) -> Action {
        let spoken = match &said {
            Said::Text(text) => content::spoken(text, self.in_group),
            Said::Binary(_) => Err(Misspoken::Format),
        };
        let spoken = match spoken {
            Ok(spoken) => spoken,
            Err(Misspoken::Type) => return Action::Say(vec![error(&Code::KindUnknown.into())]),
            Err(Misspoken::Format) => return Action::Say(vec![error(&Code::BadMessage.into())]),
        };
        let codec = self.clone();
        Action::Do(Box::pin(async move {
            match codec.act(me, spoken).await {
                Ok(frames) => Action::Say(frames),
                Err(Trouble { refusal, over: true }) => {
                    let words = refusal.code.words().to_owned();
                    Action::Leave(vec![error(&refusal)], CloseCode::Policy, words)
                }
                Err(Trouble { refusal, over: false }) => Action::Say(vec![error(&refusal)]),
            }
        }))
    }
}

/// Why something a client said was not done.
#[derive(Debug, PartialEq)]
struct Trouble {
    refusal: Refusal,
    /// Whether the caller has nothing to say in the room any more.
    over: bool,
}

impl<T: Into<Refusal>> From<T> for Trouble {
    fn from(refusal: T) -> Trouble {
        let refusal = refusal.into();
        let over = matches!(
            refusal.code,
            Code::NotInChat | Code::ChatDismissed | Code::ChatUnknown
        );
        Trouble { refusal, over }
    }
}

/// Reads a failure to post.
fn not_posted(failure: Failure) -> Trouble {
    match failure {
        Failure::Invalid { .. } | Failure::TooLong { .. } => Code::BadMessage.into(),
        // They pass.
        Failure::Muted { .. } | Failure::Blocked => Trouble {
            refusal: chat(failure),
            over: false,
        },
        other => chat(other).into(),
    }
}

impl TeamupCodec {
    /// Does what a client says. What it posts comes back to it as to everybody else.
    async fn act(&self, me: Caller, spoken: Spoken) -> Result<Vec<Frame>, Trouble> {
        let state = &self.state;
        match spoken {
            Spoken::History { before } => {
                check(state, me, self.room).await?;
                Ok(page(state, me, self.room, before).await?.0)
            }
            Spoken::Text { content, at } => {
                let at = self.members(&at).await?;
                self.post(me, content::text(&content, at)).await
            }
            Spoken::File { sent_as, id, at } => {
                let item = state.node.room(self.room).find_file(me, id).await.map_err(chat)?;
                let at = self.members(&at).await?;
                let link = state.link_to(&self.base, &item);
                let post = content::file(&item, Some(sent_as), at, &link);
                self.post(me, post.ok_or(Code::TemporaryFileUnknown)?).await
            }
        }
    }

    /// Posts a message. A sender that is too quick is slowed down, not refused: frames after this one wait.
    async fn post(&self, me: Caller, post: Post) -> Result<Vec<Frame>, Trouble> {
        if let Some(rates) = &self.rates {
            while let Err(Failure::RateLimited { retry_ms }) = rates.check_account(Rate::Send, me.account) {
                tokio::time::sleep(Duration::from_millis(retry_ms)).await;
            }
        }
        let posted = self.state.node.room(self.room).post(me, post).await;
        posted.map(|_| Vec::new()).map_err(not_posted)
    }

    /// Of those mentioned the members of the group, as they are shown.
    async fn members(&self, mentioned: &[String]) -> Result<Vec<String>, Refusal> {
        let mut members = Vec::new();
        for id in mentioned {
            let account = match self.state.account_by(id).await {
                Ok(account) => account,
                Err(Failure::Unknown(_)) => continue,
                Err(other) => return Err(chat(other)),
            };
            let seat = self
                .state
                .node
                .room(self.room)
                .look(Caller::person(account.id))
                .await;
            let shown = self.state.shown_id(&account);
            if seat.map_err(chat)?.me.is_some() && !members.contains(&shown) {
                members.push(shown);
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::Timestamp;

    #[test]
    fn a_frame_has_the_fields_of_the_document() {
        let said = wire::Message {
            id: 7,
            user_id: "oAbc".to_owned(),
            nickname: "Ann".to_owned(),
            room_id: None,
            msg: wire::Said {
                msg_type: "text",
                content: Some("hi".into()),
                file_id: None,
                file_info: None,
                at: Some(Vec::new()),
            },
            time: "2023/11/15 06:13:20".to_owned(),
            history: true,
        };
        let text = String::from_utf8(frame(&said).into_bytes()[4..].to_vec()).unwrap();
        assert_eq!(
            text,
            r#"{"id":7,"user_id":"oAbc","nickname":"Ann","msg":{"msg_type":"text","content":"hi","at":[]},"time":"2023/11/15 06:13:20","history":true}"#
        );
    }

    #[test]
    fn what_ends_a_conversation_is_told_from_what_does_not() {
        let muted = Failure::Muted { until: Timestamp(0) };
        for (failure, code, over) in [
            (Failure::NotMember, Code::NotInChat, true),
            (Failure::Dissolved, Code::ChatDismissed, true),
            (muted, Code::NotInChat, false),
            (Failure::Blocked, Code::NotInChat, false),
            (Failure::invalid("body", "x"), Code::BadMessage, false),
        ] {
            let trouble = not_posted(failure);
            assert_eq!((trouble.refusal.code, trouble.over), (code, over));
        }
    }
}
