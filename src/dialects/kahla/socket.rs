//! `InitPusher` and `Listen/Channel`: the events that Kahla's clients are sent. They say nothing themselves.

use super::auth::{self, Call};
use super::conversation::{is_side, nobody};
use super::form::Form;
use super::reply::{Answer, Code, said, with};
use super::{State, convert, wire};
use crate::http::params::of_query;
use crate::ws::{Action, Beat, Codec, Frame, OpenError, Opening, Said, Sockets};
use actix_web::http::header::UPGRADE;
use actix_web::{HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{
    AccountId, Caller, Channel, ChannelId, ChatMessage, CodecId, Push, RoomKind, ViewId,
};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// How often a socket is pinged, so that proxies keep it and dead ones are found.
const PING_SECONDS: u64 = 60;

pub async fn init_pusher(call: Call) -> Answer {
    let me = call.caller().await?;
    let channel = call.state.node.directory().open_channel(me.account).await?;
    let base = call.state.base_url(&call.request).replacen("http", "ws", 1);
    let (id, key) = (channel.id.0, &channel.key);
    let pusher = wire::Pusher {
        server_path: format!("{base}/Listen/Channel?Id={id}&Key={key}"),
        channel_id: id,
        connect_key: channel.key.clone(),
    };
    with(pusher, "Successfully get your channel.")
}

/// Opens a socket that is sent what the channel's account is told. The key is all the proof there is.
pub async fn listen(
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    if !request.headers().contains_key(UPGRADE) {
        return Err(said(Code::InvalidInput, "Wrong protocal!"));
    }
    // Of the query alone: the body of an upgrade is the socket.
    let form = Form::new(of_query(&request)?);
    let (id, key) = form.read(|f| (f.bare_number("Id", 0), f.string("Key").unwrap_or_default()))?;
    let Some(channel) = valid_channel(&state, ChannelId(id), &key).await? else {
        return Err(said(Code::Unauthorized, "Wrong connection key!"));
    };
    let me = Caller::person(channel.account);
    let entered = match sockets.enter(&request, me) {
        Ok(entered) => entered,
        Err(OpenError::Handshake(_)) => return Err(said(Code::InvalidInput, "Wrong protocal!")),
        Err(OpenError::Failure(failure)) => return Err(failure.into()),
    };
    let positions = state.node.directory().positions(me.account).await?;
    let opening = Opening {
        greeting: Vec::new(),
        beat: Some(Rc::new(Beat {
            frame: Frame::ping(),
            every_seconds: PING_SECONDS,
            unanswered_max: 0,
        })),
    };
    Ok(sockets.start(entered, &positions, KahlaCodec { state }, payload, opening))
}

async fn valid_channel(state: &State, id: ChannelId, key: &str) -> Result<Option<Channel>, Failure> {
    let channel = state.node.directory().channel(id).await?;
    // Digests differ everywhere when keys differ anywhere: comparing them tells nothing by its time.
    let channel = channel.filter(|channel| auth::digest(&channel.key) == auth::digest(key));
    let Some(channel) = channel.filter(|channel| channel.is_valid(state.node.clock().now())) else {
        return Ok(None);
    };
    let owner = state.node.card(channel.account).await?;
    Ok((channel.opened_at > owner.tokens_from && !owner.locked).then_some(channel))
}

/// Kahla over a socket: one JSON document an event.
struct KahlaCodec {
    state: web::Data<State>,
}

impl Codec for KahlaCodec {
    fn id(&self) -> CodecId {
        self.state.codec
    }

    /// What is said in a direct room is shown to both sides, the one who said it included.
    fn shows(&self, me: AccountId, push: &Push) -> bool {
        match push {
            Push::Posted { kind, .. } => is_side(*kind, me),
            Push::FriendRequested { .. } | Push::FriendAccepted { .. } | Push::FriendRemoved { .. } => true,
            _ => false,
        }
    }

    fn prepare(&self, push: &Push) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        if self.state.seen.knows(&self.state.node, push) {
            return None;
        }
        let (state, push) = (self.state.clone(), push.clone());
        Some(Box::pin(async move {
            if let Err(failure) = state.seen.learn(&state.node, &push).await {
                tracing::warn!(%failure, "an event goes out without what it tells of");
            }
        }))
    }

    fn render(&self, push: &Push) -> Option<Frame> {
        let event = match push {
            Push::Posted { kind, message } => self.new_message(*kind, message)?,
            Push::FriendRequested { from, .. } => wire::Event::NewFriendRequest {
                requester_id: self.user(*from).id,
            },
            Push::FriendAccepted { .. } => wire::Event::FriendAccepted,
            Push::FriendRemoved { .. } => wire::Event::WereDeleted,
            _ => return None,
        };
        match serde_json::to_string(&event) {
            Ok(text) => Some(Frame::text(&text)),
            // Texts and numbers always have a JSON form.
            Err(error) => unreachable!("an event could not be written as json: {error}"),
        }
    }

    fn hear(&mut self, _: Caller, _: Said) -> Action {
        Action::Nothing
    }
}

impl KahlaCodec {
    /// `None` for what is said between two who are no friends here, or was said before they became so.
    fn new_message(&self, kind: RoomKind, message: &ChatMessage) -> Option<wire::Event> {
        let conversation_id = match kind {
            RoomKind::Group => message.room.0,
            RoomKind::Direct { .. } => {
                let view = self.state.seen.view(message.room)?;
                let ViewId(id) = view.id;
                (view.from_seq <= message.seq).then_some(id)?
            }
        };
        Some(wire::Event::NewMessage {
            conversation_id,
            sender: Box::new(self.user(message.sender)),
            content: self.state.content(message, conversation_id),
            aes_key: self.state.key_of(conversation_id),
        })
    }

    fn user(&self, account: AccountId) -> wire::User {
        let card = self
            .state
            .node
            .card_now(account)
            .or_else(|| self.state.seen.card(account));
        card.map_or_else(nobody, |card| convert::user(&card))
    }
}
