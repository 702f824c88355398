//! `chat/*`: sending, taking back, reading, history.

use super::auth::Call;
use super::reply::{Answer, Refusal, done, ok, words};
use super::{convert, wire};
use crate::http::Rate;
use roost_actors::model::{
    AccountId, ChatMessage, ClientToken, HistoryPage, HistoryQuery, MessageId, MessageKind, Order, Post,
    RoomId, RoomKind,
};
use roost_actors::{Failure, Thing};

/// How long a message can be taken back.
const REVOKE_MS: i64 = 2 * 60 * 1_000;
/// Messages in a page when the client does not say.
const PAGE_MESSAGES: i64 = 50;
const OPES: [&str; 2] = ["friend", "group"];

/// What kind of number `toId` is, if the client says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ope {
    Friend,
    Group,
    Unsaid,
}

impl Ope {
    fn named(name: &str) -> Ope {
        match name {
            "friend" => Ope::Friend,
            "group" => Ope::Group,
            _ => Ope::Unsaid,
        }
    }
}

/// The room that `toId` means to the caller. Unsaid, a group the caller is in wins over an account.
async fn room_of(call: &Call, ope: Ope, to: i64) -> Result<RoomId, Failure> {
    let node = &call.state.node;
    match ope {
        Ope::Group => return convert::group_id(to),
        Ope::Friend => {}
        Ope::Unsaid => {
            if let Ok(group) = convert::group_id(to) {
                match node.room(group).look(call.me).await {
                    Ok(view) if view.me.is_some() => return Ok(group),
                    Ok(_) | Err(Failure::Unknown(_)) => {}
                    Err(other) => return Err(other),
                }
            }
        }
    }
    node.direct_room(call.me.account, AccountId(to)).await
}

struct Sending {
    to: i64,
    ope: String,
    kind: String,
    body: String,
    private: bool,
}

pub async fn send(call: Call) -> Answer {
    let sending = call.form.read(|fields| Sending {
        to: fields.positive("toId"),
        ope: fields.one_of("ope", &OPES),
        kind: fields.required("type"),
        body: fields.required("body"),
        private: fields.flag("isPrivate"),
    })?;
    let kind = convert::message_kind(&sending.kind)?;
    Failure::check_len("body", &sending.body, ChatMessage::BODY_BYTES_MAX)?;
    let token = token_of(&call, &sending)?;
    call.check_rate(Rate::Send)?;
    let post = Post {
        kind,
        body: sending.body.into(),
        private: sending.private,
        extra: None,
        token,
    };
    let ope = Ope::named(&sending.ope);
    let room = room_of(&call, ope, sending.to).await?;
    let sent = call.state.node.room(room).post(call.me, post).await?;
    let room_kind = match ope {
        Ope::Group => RoomKind::Group,
        Ope::Friend | Ope::Unsaid => RoomKind::direct(call.me.account, AccountId(sending.to)),
    };
    let shown = convert::message(room_kind, &sent, call.state.settings.utc_offset_hours);
    ok(shown, words::SENT)
}

/// The client token that the `Idempotency-Key` header makes of this request.
fn token_of(call: &Call, sending: &Sending) -> Result<Option<ClientToken>, Failure> {
    let Some(key) = call.request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .map_err(|_| Failure::invalid("Idempotency-Key", "must be plain text"))?;
    let (me, to) = (call.me.account.to_string(), sending.to.to_string());
    let private = if sending.private { "1" } else { "0" };
    let parts = [&me, &to, &sending.ope, &sending.kind, &sending.body, private];
    convert::client_token(key, parts).map(Some)
}

pub async fn revoke(call: Call) -> Answer {
    let asked = call.form.read(|fields| wire::Revoked {
        to_id: fields.positive("toId"),
        id: fields.positive("id"),
        ope: fields.one_of("ope", &OPES),
    })?;
    let room = match room_of(&call, Ope::named(&asked.ope), asked.to_id).await {
        // The original looks only at the message, and there is none of the caller's.
        Err(Failure::Unknown(_)) => return Err(Failure::Unknown(Thing::Message).into()),
        room => room?,
    };
    let room = call.state.node.room(room);
    room.revoke(call.me, MessageId(asked.id), REVOKE_MS).await?;
    ok(asked, words::DONE)
}

/// Marks everything in the conversation as read.
pub async fn read(call: Call) -> Answer {
    let (to, ope) = call
        .form
        .read(|fields| (fields.positive("toId"), fields.text("ope")))?;
    let room = room_of(&call, Ope::named(&ope), to).await?;
    call.state.node.room(room).read(call.me, None).await?;
    done(words::DONE)
}

struct Asked {
    to: i64,
    ope: String,
    kind: String,
    limit: i64,
    page: i64,
    sort: Option<String>,
}

pub async fn messages(call: Call) -> Answer {
    let asked = call.form.read(|fields| Asked {
        to: fields.positive("toId"),
        ope: fields.text("ope"),
        kind: fields.text("messageType"),
        limit: fields.integer("limit"),
        page: fields.integer("page"),
        sort: fields.has("sort").then(|| fields.text("sort")),
    })?;
    let query = query(&call, &asked)?;
    let room = match room_of(&call, Ope::named(&asked.ope), asked.to).await {
        // The original finds nothing where there is nobody.
        Err(Failure::Unknown(Thing::Account)) => return ok(history(&call, &HistoryPage::default()), ""),
        room => room?,
    };
    let page = call.state.node.room(room).page(call.me, query, false).await?;
    ok(history(&call, &page), "")
}

fn query(call: &Call, asked: &Asked) -> Result<HistoryQuery, Refusal> {
    let max = i64::try_from(call.state.settings.history_page_max).unwrap_or(HistoryQuery::LIMIT_MAX);
    let limit = match asked.limit {
        0 => PAGE_MESSAGES.min(max),
        limit => limit.clamp(1, max),
    };
    Ok(HistoryQuery {
        kind: (!asked.kind.is_empty()).then(|| MessageKind::from_name(&asked.kind)),
        order: asked
            .sort
            .as_deref()
            .map_or(Ok(Order::Ascending), convert::order)?,
        offset: (asked.page.max(1) - 1).saturating_mul(limit),
        limit,
        with_total: true,
        ..HistoryQuery::all()
    })
}

fn history(call: &Call, page: &HistoryPage) -> wire::History {
    let zone = call.state.settings.utc_offset_hours;
    let kind = page.kind.unwrap_or(RoomKind::Group);
    let items = page.messages.iter().map(|message| {
        let mine = message.sender == call.me.account;
        let read_up_to = if mine { page.peer_read_seq } else { page.read_seq };
        wire::Message {
            updated_at: String::new(),
            is_read: message.seq <= read_up_to,
            mine: Some(mine),
            ..convert::message(kind, message, zone)
        }
    });
    wire::History {
        items: items.collect(),
        total: page.total,
        unread: page.unread,
    }
}
