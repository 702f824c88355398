//! `ws`: what FreeIM's clients are sent and may say over a socket.

use super::auth::prove;
use super::reply::Refusal;
use super::{State, convert, wire};
use crate::ws::{Action, Beat, Codec, Frame, OpenError, Opening, Said, Sockets};
use actix_web::{HttpRequest, HttpResponse, web};
use roost_actors::Node;
use roost_actors::model::{AccountId, Caller, CodecId, Push};
use roost_actors::user::UserRequest;
use serde::Deserialize;
use std::rc::Rc;

/// Opens a socket that follows every conversation of the caller.
pub async fn open(
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let me = prove(&state, &request).await?;
    let entered = sockets.enter(&request, me)?;
    let positions = state.node.directory().positions(me.account).await?;
    let codec = FreeimCodec {
        id: state.codec,
        utc_offset_hours: state.settings.utc_offset_hours,
        node: state.node.clone(),
    };
    let opening = match state.settings.ping_seconds {
        0 => Opening::default(),
        every_seconds => Opening {
            greeting: vec![ping(AccountId(0))],
            beat: Some(Rc::new(Beat {
                frame: ping(AccountId(0)),
                every_seconds,
                unanswered_max: 0,
            })),
        },
    };
    Ok(sockets.start(entered, &positions, codec, payload, opening))
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Refusal {
        match error {
            OpenError::Handshake(error) => Refusal::Invalid(error.to_string()),
            OpenError::Failure(failure) => failure.into(),
        }
    }
}

/// FreeIM over a socket: flat JSON messages as text.
struct FreeimCodec {
    id: CodecId,
    utc_offset_hours: i64,
    node: Node,
}

/// What a client may say. Everything else is passed over, as in the original.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Spoken {
    Ping,
    #[serde(rename_all = "camelCase")]
    Input {
        to_id: i64,
        ope: String,
        #[serde(default)]
        status: String,
    },
}

impl Codec for FreeimCodec {
    fn id(&self) -> CodecId {
        self.id
    }

    /// A direct message goes to its receiver's devices only, one in a group to everybody.
    fn shows(&self, me: AccountId, push: &Push) -> bool {
        match push {
            Push::Posted { kind, message } | Push::Revoked { kind, message } => {
                kind.peer_of(message.sender).is_none_or(|receiver| receiver == me)
            }
            _ => true,
        }
    }

    fn render(&self, push: &Push) -> Option<Frame> {
        let event = match push {
            Push::Posted { kind, message } | Push::Revoked { kind, message } => {
                convert::message(*kind, message, self.utc_offset_hours)
            }
            Push::Read { reader, author, .. } => wire::Message {
                is_read: true,
                read: Some(true),
                ..event("read", "friend", reader.0, author.0)
            },
            Push::Typing { from, to, active } => wire::Message {
                status: if *active { "normal" } else { "finish" },
                ..event("input", "friend", from.0, to.0)
            },
            Push::FriendRequested { from, to } => event("addFriend", "system", from.0, to.0),
            Push::JoinRequested { room, to, .. } => event("joinGroup", "system", room.0, to.0),
            Push::FriendAccepted { .. }
            | Push::FriendRemoved { .. }
            | Push::Signal { .. }
            | Push::Said { .. }
            | Push::Silenced { .. }
            | Push::Joined { .. }
            | Push::Left { .. }
            | Push::Dissolved { .. } => return None,
        };
        Some(frame(&event))
    }

    fn hear(&mut self, me: Caller, said: Said) -> Action {
        let Said::Text(text) = said else {
            return Action::Nothing;
        };
        match serde_json::from_str(&text) {
            Ok(Spoken::Ping) => Action::Say(vec![ping(me.account)]),
            Ok(Spoken::Input { to_id, ope, status }) if ope == "friend" => {
                let typing = UserRequest::Typing {
                    from: me.account,
                    active: status != "finish",
                };
                let friend = self.node.user(AccountId(to_id));
                Action::Do(Box::pin(async move {
                    if let Err(failure) = friend.ask(typing).await {
                        tracing::debug!(%failure, "typing was not relayed");
                    }
                    Action::Nothing
                }))
            }
            _ => Action::Nothing,
        }
    }
}

fn event(kind: &str, ope: &'static str, from: i64, to: i64) -> wire::Message {
    wire::Message {
        from_id: from,
        to_id: to,
        ope,
        kind: kind.into(),
        ..wire::Message::default()
    }
}

fn ping(from: AccountId) -> Frame {
    frame(&event("ping", "", from.0, 0))
}

fn frame(message: &wire::Message) -> Frame {
    match serde_json::to_string(message) {
        Ok(text) => Frame::text(&text),
        // Texts and numbers always have a JSON form.
        Err(error) => unreachable!("a message could not be written as json: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(text: &str) -> Option<Spoken> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn only_what_the_document_names_is_understood() {
        assert!(matches!(spoken(r#"{"type":"ping"}"#), Some(Spoken::Ping)));
        let typing = spoken(r#"{"toId":10000012,"ope":"friend","type":"input","status":"finish","x":1}"#);
        assert!(
            matches!(typing, Some(Spoken::Input { to_id: 10_000_012, ope, status }) if ope == "friend" && status == "finish")
        );
        for nonsense in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"type":5}"#,
            r#"{"type":"text","toId":1}"#,
        ] {
            assert!(spoken(nonsense).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn events_have_the_shape_of_the_original() {
        let text = |frame: Frame| String::from_utf8(frame.into_bytes()[2..].to_vec()).unwrap();
        assert_eq!(
            text(ping(AccountId(0))),
            r#"{"fromId":0,"toId":0,"ope":"","type":"ping","body":"","isPrivate":false,"status":"","isRead":false}"#
        );
    }
}
