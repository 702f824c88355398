//! Friends and the requests that lead there: `MyFriends`, `DeleteFriend`, `CreateRequest`, `CompleteRequest`, `MyRequests`,
//! `SearchFriends`, `UserDetail`.

use super::auth::Call;
use super::conversation::contact;
use super::reply::{Answer, Code, Refusal, done, items, refused_with, said, value, with};
use super::{convert, wire};
use roost_actors::Failure;
use roost_actors::model::{Account, RequestId, RequestStatus};
use roost_actors::user::UserRequest;

/// Answers to a search when the client does not say.
pub const TAKE: i64 = 20;

/// Somebody else by the id that this dialect shows. `None`: there is nobody.
async fn by_id(call: &Call) -> Result<Option<Account>, Refusal> {
    let id = call.form.read(|f| f.string("Id"))?;
    let Some(id) = id else {
        return Ok(None);
    };
    let uuid = id.trim().to_ascii_lowercase();
    Ok(call.state.node.directory().by_uuid(uuid).await?)
}

pub async fn my_friends(call: Call) -> Answer {
    let by_name = call.form.read(|f| f.bare_flag("orderByName"))?;
    let me = call.caller().await?;
    let conversations = call.state.node.user(me.account).conversations().await?;
    let mut shown: Vec<_> = conversations
        .iter()
        .map(|conversation| (contact(&call.state, conversation), conversation.latest_at()))
        .collect();
    if by_name {
        shown.sort_by_cached_key(|(contact, _)| {
            (contact.display_name.to_lowercase(), contact.conversation_id)
        });
    } else {
        shown.sort_by_key(|(contact, at)| (std::cmp::Reverse(*at), contact.conversation_id));
    }
    let shown: Vec<wire::Contact> = shown.into_iter().map(|(contact, _)| contact).collect();
    items(shown, "Successfully get all your friends.")
}

pub async fn delete_friend(call: Call) -> Answer {
    let me = call.caller().await?;
    let peer = by_id(&call).await?;
    let peer = peer.ok_or_else(|| said(Code::NotFound, "We can not find target user."))?;
    let end = UserRequest::EndFriendship { peer: peer.id };
    call.state.node.user(me.account).act(end).await?;
    done("Successfully deleted your friend relationship.")
}

pub async fn create_request(call: Call) -> Answer {
    let me = call.caller().await?;
    let peer = by_id(&call).await?;
    let peer = peer.ok_or_else(|| said(Code::NotFound, "We can not find your target user!"))?;
    if peer.id == me.account {
        return Err(said(Code::RequireAttention, "You can't request yourself!"));
    }
    match call.state.node.user(me.account).ask_friendship(peer.id).await {
        Ok(id) => value(id.0, "Successfully created your request!"),
        Err(Failure::Waiting(_)) => Err(said(
            Code::HasDoneAlready,
            "There are some pending request hasn't been completed!",
        )),
        Err(Failure::Exists(_)) => Err(said(Code::HasDoneAlready, "You two are already friends!")),
        Err(other) => Err(other.into()),
    }
}

pub async fn complete_request(call: Call) -> Answer {
    let (id, accept) = call.form.read(|f| (f.number("Id", 0), f.flag("Accept")))?;
    let me = call.caller().await?;
    match call
        .state
        .node
        .user(me.account)
        .answer_request(RequestId(id), accept)
        .await
    {
        Ok(answered) if answered.were_friends => {
            Err(said(Code::RequireAttention, "You two are already friends."))
        }
        Ok(_) => done("You have successfully completed this request."),
        Err(Failure::Exists(_)) => Err(said(
            Code::HasDoneAlready,
            "The target request is already completed.",
        )),
        Err(Failure::Forbidden(_)) => Err(said(
            Code::Unauthorized,
            "The target user of this request is not you.",
        )),
        Err(other) => Err(other.into()),
    }
}

pub async fn my_requests(call: Call) -> Answer {
    let me = call.someone().await?;
    let requests = call
        .state
        .node
        .user(me.account.id)
        .friend_request_history()
        .await?;
    let shown: Vec<wire::Request> = requests
        .iter()
        .map(|(request, creator)| wire::Request {
            id: request.id.0,
            creator_id: creator.uuid.clone(),
            creator: convert::user(creator),
            target_id: me.account.uuid.clone(),
            create_time: convert::net_time(request.created_at),
            completed: request.status != RequestStatus::Waiting,
        })
        .collect();
    items(shown, "Successfully get your requests list.")
}

pub async fn search_friends(call: Call) -> Answer {
    let (text, take) = call.form.read(|f| {
        let name = f.text("NickName").required().min(1).get();
        (name, f.number("Take", TAKE))
    })?;
    call.caller().await?;
    let found = call
        .state
        .node
        .directory()
        .search_nicknames(text.trim().to_owned(), take)
        .await?;
    let shown: Vec<wire::User> = found.iter().map(convert::user).collect();
    items(shown, "Search result is shown.")
}

pub async fn user_detail(call: Call) -> Answer {
    let me = call.caller().await?;
    let Some(account) = by_id(&call).await? else {
        let nobody = wire::UserDetail {
            user: None,
            are_friends: false,
            conversation_id: None,
        };
        return refused_with(nobody, Code::NotFound, "We can not find target user.");
    };
    let view = call.state.node.user(me.account).view_with(account.id).await?;
    let detail = wire::UserDetail {
        user: Some(convert::user(&account)),
        are_friends: view.is_some(),
        conversation_id: view.map(|view| view.id.0),
    };
    with(detail, "Found that user.")
}
