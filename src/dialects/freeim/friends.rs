//! `friends/*`: search, requests, the list and the blacklist.

use super::auth::Call;
use super::reply::{Answer, Refusal, done, list, ok, words};
use super::{convert, wire};
use roost_actors::Failure;
use roost_actors::model::{AccountId, Friend};
use roost_actors::user::UserRequest;

/// Accounts found at once, at most.
const FOUND_MAX: i64 = 200;

pub async fn search(call: Call) -> Answer {
    let text = call.form.read(|fields| fields.required("account"))?;
    let found = call
        .state
        .node
        .directory()
        .search_accounts(text, FOUND_MAX)
        .await?;
    let others = found.iter().filter(|account| account.id != call.me.account);
    list(call.state.accounts(others).await)
}

pub async fn add(call: Call) -> Answer {
    let (to, reason) = call
        .form
        .read(|fields| (AccountId(fields.positive("toId")), fields.text("reason")))?;
    let user = call.state.node.user(call.me.account);
    let asked = user.ask_friend(to, reason).await;
    asked.map_err(Refusal::of_a_list)?;
    done(words::DONE)
}

pub async fn reply(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::AnswerFriend {
        from: AccountId(fields.positive("toId")),
        accept: fields.one_of("status", &["pass", "deny"]) == "pass",
        reason: fields.text("reason"),
    })?;
    act(&call, request, words::DONE).await
}

pub async fn applies(call: Call) -> Answer {
    let requests = call.state.node.user(call.me.account).friend_requests().await?;
    let zone = call.state.settings.utc_offset_hours;
    let accounts = call.state.accounts(requests.iter().map(|(_, from)| from)).await;
    let shown = requests.iter().zip(accounts);
    let shown = shown.map(|((request, _), from)| convert::friend_apply(request, from, zone));
    list(shown.collect())
}

pub async fn friends(call: Call) -> Answer {
    let blocked = call.form.read(|fields| fields.flag("blacklist"))?;
    let user = call.state.node.user(call.me.account);
    let mut friends = if blocked {
        user.blocked().await?
    } else {
        user.friends().await?
    };
    // FreeIM shows a blocked friend in the blacklist only.
    friends.retain(|friend| friend.contact.blocked == blocked);
    let groups = user.contact_groups().await?;
    list(call.state.friends(&friends, &groups).await)
}

pub async fn info(call: Call) -> Answer {
    let to = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    let node = &call.state.node;
    let user = node.user(call.me.account);
    let relation = user.relation(to).await?;
    let contact = relation.contact.ok_or(Failure::NotFriends)?;
    let groups = user.contact_groups().await?;
    let account = (*node.card(to).await?).clone();
    let items = call.state.friends(&[Friend { contact, account }], &groups).await;
    let friend = items.first().cloned().ok_or(Failure::NotFriends)?;
    ok(
        wire::FriendInfo {
            total: items.len(),
            items,
            friend,
        },
        "",
    )
}

pub async fn remove(call: Call) -> Answer {
    let peer = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    act(&call, UserRequest::RemoveContact { peer }, words::DELETED).await
}

pub async fn block(call: Call) -> Answer {
    let peer = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    act(&call, UserRequest::Block { peer }, words::ADDED).await
}

pub async fn unblock(call: Call) -> Answer {
    let peer = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    act(&call, UserRequest::Unblock { peer }, words::REMOVED).await
}

/// Whether the caller is the other's friend, or blocked by the other.
pub async fn verify(call: Call) -> Answer {
    let to = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    let theirs = match call.state.node.user(to).relation(call.me.account).await {
        Ok(relation) => relation,
        // Nobody is nobody's friend: the original knows no error here.
        Err(Failure::Unknown(_)) => Default::default(),
        Err(other) => return Err(other.into()),
    };
    let answer = wire::Verified {
        is_friend: theirs.is_friend(),
        is_blacklist: theirs.is_blocked(),
    };
    ok(answer, "")
}

pub async fn remark(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::SetRemark {
        peer: AccountId(fields.positive("toId")),
        remark: fields.required("remark"),
    })?;
    act(&call, request, words::SET).await
}

pub async fn label(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::SetLabel {
        peer: AccountId(fields.positive("toId")),
        label: fields.required("label"),
    })?;
    act(&call, request, words::SET).await
}

async fn act(call: &Call, request: UserRequest, message: &str) -> Answer {
    let acted = call.state.node.user(call.me.account).act(request).await;
    acted.map_err(Refusal::of_a_list)?;
    done(message)
}
