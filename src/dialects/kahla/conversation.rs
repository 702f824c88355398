//! Conversations and what is said there: `ConversationDetail`, `GetMessage`, `SendMessage`.

use super::auth::Call;
use super::content::{self, Posted, Said};
use super::reply::{Answer, Code, Refusal, done, items, said, value};
use super::{State, convert, files, wire};
use crate::http::Rate;
use roost_actors::model::{
    Account, AccountId, Caller, ChatMessage, ClientToken, Conversation, HistoryQuery, MessageKind, Order,
    Post, RoomId, RoomInfo, RoomKind, Seat, Seq, Timestamp, View, ViewId, With,
};
use roost_actors::room::RoomView;
use roost_actors::{Failure, Thing};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Messages in a page when the client does not say.
const TAKE: i64 = 15;

/// A conversation that the caller is in.
pub enum Place {
    Private(View, AccountId),
    Group(Box<RoomView>),
}

impl Place {
    /// The number that clients know it by.
    #[must_use]
    pub fn id(&self) -> i64 {
        match self {
            Place::Private(view, _) => view.id.0,
            Place::Group(group) => group.info.id.0,
        }
    }

    /// The first seq that belongs to it.
    fn first_seq(&self) -> Seq {
        match self {
            Place::Private(view, _) => view.from_seq,
            Place::Group(_) => Seq(1),
        }
    }

    /// The room behind it. That of two friends is made known to sessions that opened before it was made.
    async fn room(&self, state: &State, me: Caller) -> Result<RoomId, Failure> {
        match self {
            Place::Private(_, peer) => state.node.direct_room(me.account, *peer).await,
            Place::Group(group) => Ok(group.info.id),
        }
    }
}

/// The conversation of this number, for somebody who is in it. Refused with `Unknown(Room)`, `NotMember`.
pub async fn place(state: &State, me: Caller, id: i64) -> Result<Place, Failure> {
    if id >= ViewId::FIRST.0 {
        let view = state.node.user(me.account).view(ViewId(id)).await?;
        let peer = view.open_for(me.account).ok_or(Failure::NotMember)?;
        state.seen.note(&state.node, view.clone());
        return Ok(Place::Private(view, peer));
    }
    if !(1..AccountId::FIRST.0).contains(&id) {
        return Err(Failure::Unknown(Thing::Room));
    }
    let group = state.node.room(RoomId(id)).look(me).await?;
    if group.info.dissolved_at.is_some() {
        return Err(Failure::Unknown(Thing::Room));
    }
    if group.me.is_none() {
        return Err(Failure::NotMember);
    }
    Ok(Place::Group(Box::new(group)))
}

/// Both refusals of [`place`] as most operations word them.
fn not_mine(failure: Failure) -> Refusal {
    match failure {
        Failure::Unknown(Thing::Room) => Failure::NotMember.into(),
        other => other.into(),
    }
}

pub async fn conversation_detail(call: Call) -> Answer {
    let id = call.form.read(|f| f.bare_number("id", 0))?;
    let me = call.someone().await?;
    let caller = Caller::person(me.account.id);
    let detail = match place(&call.state, caller, id).await {
        Ok(Place::Private(view, peer)) => private_detail(&call.state, &me.account, &view, peer).await?,
        Ok(Place::Group(group)) => {
            let (_, seats) = call.state.node.room(group.info.id).seats(caller).await?;
            wire::ConversationDetail::Group(group_detail(&call.state, &group, &seats))
        }
        Err(Failure::NotMember | Failure::Unknown(Thing::Room)) => {
            let text = "Could not find target conversation in your friends.";
            return Err(said(Code::NotFound, text));
        }
        Err(other) => return Err(other.into()),
    };
    value(detail, "Successfully get target conversation.")
}

async fn private_detail(
    state: &State,
    me: &Account,
    view: &View,
    peer: AccountId,
) -> Result<wire::ConversationDetail, Failure> {
    let peer = state.node.card(peer).await?;
    let (mine, theirs) = (convert::user(me), convert::user(&peer));
    let (requester, target) = if view.requester == me.id {
        (mine, theirs.clone())
    } else {
        (theirs.clone(), mine)
    };
    Ok(wire::ConversationDetail::Private(Box::new(
        wire::PrivateConversation {
            requester_id: requester.id.clone(),
            request_user: requester,
            target_id: target.id.clone(),
            target_user: target,
            another_user_id: theirs.id.clone(),
            conversation: wire::Conversation {
                id: view.id.0,
                discriminator: wire::Discriminator::Private,
                aes_key: state.key_of(view.id.0),
                conversation_create_time: convert::net_time(view.opened_at),
                display_name: Some(theirs.nick_name.clone()),
                display_image: Some(theirs.head_img_url.clone()),
                display_image_key: Some(theirs.head_img_file_key),
            },
        },
    )))
}

/// A group with its members; where its managers hide those, others see none but themselves.
fn group_detail(state: &State, group: &RoomView, seats: &[Seat]) -> wire::GroupConversation {
    use roost_actors::model::Role;
    let info = &group.info;
    let me = group.me.as_ref();
    let hidden = info.rules.members_hidden && me.is_none_or(|me| me.role < Role::Manager);
    let visible = seats
        .iter()
        .filter(|seat| !hidden || me.is_some_and(|me| me.account == seat.member.account));
    let users = visible.map(|seat| wire::UserInGroup {
        id: seat.member.account.0,
        join_time: convert::net_time(seat.member.joined_at),
        user_id: seat.account.uuid.clone(),
        user: convert::user(&seat.account),
        group_id: info.id.0,
        read_time_stamp: convert::net_time(seat.member.joined_at),
    });
    let mut shown = group_summary(state, info);
    shown.users = Some(users.collect());
    shown.conversation.display_name = Some(shown.group_name.clone());
    shown.conversation.display_image = Some(shown.group_image.clone());
    shown.conversation.display_image_key = Some(shown.group_image_key);
    shown
}

/// A group as search results show it.
#[must_use]
pub fn group_summary(state: &State, info: &RoomInfo) -> wire::GroupConversation {
    wire::GroupConversation {
        users: None,
        group_image: convert::image_or(&info.avatar, convert::GROUP_ICON),
        group_image_key: convert::GROUP_ICON_KEY,
        group_name: info.name.clone(),
        conversation: wire::Conversation {
            id: info.id.0,
            discriminator: wire::Discriminator::Group,
            aes_key: state.key_of(info.id.0),
            conversation_create_time: convert::net_time(info.created_at),
            display_name: None,
            display_image: None,
            display_image_key: None,
        },
    }
}

/// An entry of `MyFriends`.
#[must_use]
pub fn contact(state: &State, conversation: &Conversation) -> wire::Contact {
    let (id, name, image, image_key, user_id, discriminator) = match &conversation.with {
        With::Friend(view, peer) => {
            let peer = convert::user(peer);
            let kind = wire::Discriminator::Private;
            (
                view.id.0,
                peer.nick_name,
                peer.head_img_url,
                peer.head_img_file_key,
                Some(peer.id),
                kind,
            )
        }
        With::Group(info) => {
            let image = convert::image_or(&info.avatar, convert::GROUP_ICON);
            let kind = wire::Discriminator::Group;
            (
                info.id.0,
                info.name.clone(),
                image,
                convert::GROUP_ICON_KEY,
                None,
                kind,
            )
        }
    };
    wire::Contact {
        display_name: name,
        display_image: image,
        display_image_key: image_key,
        latest_message: conversation
            .latest
            .as_ref()
            .map(|message| state.content(message, id)),
        latest_message_time: convert::net_time(conversation.latest_at()),
        un_read_amount: conversation.unread,
        conversation_id: id,
        discriminator,
        user_id,
        aes_key: state.key_of(id),
    }
}

/// The latest messages, oldest first. Everything up to there counts as read from now on.
pub async fn get_message(call: Call) -> Answer {
    let (id, take) = call
        .form
        .read(|f| (f.bare_number("id", 0), f.bare_number("take", TAKE)))?;
    let me = call.caller().await?;
    let place = place(&call.state, me, id).await.map_err(not_mine)?;
    let room = call.state.node.room(place.room(&call.state, me).await?);
    let query = HistoryQuery {
        from_seq: place.first_seq(),
        order: Order::Descending,
        limit: take.clamp(0, HistoryQuery::LIMIT_MAX),
        ..HistoryQuery::all()
    };
    let mut page = room.page(me, query, false).await?;
    page.messages.reverse();
    let senders = senders(&call.state, &page.messages).await?;
    let direct = matches!(place, Place::Private(..));
    let shown: Vec<wire::Message> = page
        .messages
        .iter()
        .map(|message| {
            let mine = message.sender == me.account;
            let read_up_to = if mine { page.peer_read_seq } else { page.read_seq };
            let sender = senders.get(&message.sender).cloned().unwrap_or_else(nobody);
            wire::Message {
                id: message.id.0,
                conversation_id: id,
                sender_id: sender.id.clone(),
                sender,
                send_time: convert::net_time(message.created_at),
                content: call.state.content(message, id),
                read: direct && message.seq <= read_up_to,
            }
        })
        .collect();
    if page.last_seq > page.read_seq {
        room.read(me, Some(page.last_seq)).await?;
    }
    items(shown, "Successfully get all your messages.")
}

async fn senders(state: &State, messages: &[ChatMessage]) -> Result<HashMap<AccountId, wire::User>, Failure> {
    let mut users = HashMap::new();
    for message in messages {
        if users.contains_key(&message.sender) {
            continue;
        }
        match state.node.card(message.sender).await {
            Ok(account) => _ = users.insert(message.sender, convert::user(&account)),
            // What the node or an operator's server writes has no account behind it.
            Err(Failure::Unknown(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(users)
}

/// The sender of what no account wrote.
#[must_use]
pub fn nobody() -> wire::User {
    convert::user(&Account {
        uuid: "00000000-0000-0000-0000-000000000000".to_owned(),
        nickname: "System".to_owned(),
        created_at: Timestamp(0),
        ..Account::default()
    })
}

pub async fn send_message(call: Call) -> Answer {
    let (id, text) = call
        .form
        .read(|f| (f.bare_number("id", 0), f.string("content")))?;
    let me = call.caller().await?;
    let place = place(&call.state, me, id).await.map_err(not_mine)?;
    let text = text.ok_or_else(|| said(Code::InvalidInput, "Can not send empty message."))?;
    call.check_account(Rate::Send, me.account)?;
    let token = token_of(&call, me, id, &text)?;
    let posted = posted(&call, &place, &text).await?;
    let post = Post {
        kind: posted.kind,
        body: posted.body,
        private: false,
        extra: posted.extra,
        token,
    };
    let room = place.room(&call.state, me).await?;
    call.state.node.room(room).post(me, post).await?;
    done("Your message has been sent.")
}

/// What a client sent, as the core keeps it: with a body that other dialects understand.
async fn posted(call: &Call, place: &Place, text: &str) -> Result<Posted, Refusal> {
    if !call.state.settings.decrypt {
        return Ok(content::keep_opaque(text));
    }
    Ok(match content::read(text, &call.state.key_of(place.id())) {
        Said::Text(body) => content::keep(text, MessageKind::Text, body),
        Said::Link(kind, link) => content::keep(text, kind, link),
        Said::File(kind, file) => match files::link_for_others(call, place, file).await? {
            Some(link) => content::keep(text, kind, link),
            None => content::keep(text, MessageKind::Text, files::GONE.to_owned()),
        },
    })
}

/// The client token that the `Idempotency-Key` header makes of this request.
fn token_of(call: &Call, me: Caller, conversation: i64, text: &str) -> Result<Option<ClientToken>, Failure> {
    let Some(key) = call.request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Failure::invalid("Idempotency-Key", "must be plain text"))?;
    Failure::check_len("Idempotency-Key", key, ClientToken::KEY_BYTES_MAX)?;
    let digest = Sha256::digest(format!("kahla {} {conversation} {text}", me.account));
    Ok(Some(ClientToken {
        key: Arc::from(key),
        digest: digest.into(),
    }))
}

/// Whether a session of this account is shown what was said in a direct room: both sides are.
#[must_use]
pub fn is_side(kind: RoomKind, me: AccountId) -> bool {
    match kind {
        RoomKind::Direct { low, high } => me == low || me == high,
        RoomKind::Group => true,
    }
}
