//! What must be true once everything has come to rest.

use super::town::{Running, Town, sleep};
use roost_actors::model::{AccountId, Caller, HistoryQuery, Post, RoomId, RoomKind, Seq};
use std::rc::Rc;
use std::time::Duration;

/// Looks at everything, posts once more to every room through every node, and looks again.
pub async fn give(town: &Rc<Town>) {
    const AFTER_POSTS_MS: u64 = 3_000;
    if town.up().len() != town.plan.machines {
        return town.book.wrong("a node did not come back");
    }
    everybody_has_seen_everything(town);
    for (index, running) in town.up().iter().enumerate() {
        for &room in &town.rooms {
            post(town, running, room, &format!("last-{index}-{room}")).await;
        }
    }
    sleep(AFTER_POSTS_MS).await;
    everybody_has_seen_everything(town);
    for &room in &town.rooms {
        history_is_what_was_stored(town, room).await;
    }
}

async fn post(town: &Town, running: &Running, room: RoomId, body: &str) {
    const POST_MS_MAX: u64 = 3_000;
    let me = Caller::person(town.people[0]);
    let room = running.node.room(room);
    let posted = room.post(me, Post::text(body));
    match tokio::time::timeout(Duration::from_millis(POST_MS_MAX), posted).await {
        Ok(Ok(message)) => town.book.acknowledged(&message),
        Ok(Err(failure)) => town.book.wrong(&format!(
            "with nothing wrong any more, {body} is refused: {failure}"
        )),
        Err(_) => town
            .book
            .wrong(&format!("with nothing wrong any more, {body} is not answered")),
    }
}

fn everybody_has_seen_everything(town: &Town) {
    let book = &town.book;
    if town.screens.borrow().len() != town.plan.sessions {
        book.wrong("a session could not be opened");
    }
    for screen in town.screens.borrow().iter() {
        let screen = screen.borrow();
        for (&room, &seen) in &screen.seen {
            let end = book.end(room);
            if seen != end {
                book.wrong(&format!(
                    "{} on {} has seen room {room} up to {seen} of {end}",
                    screen.who, screen.host
                ));
            }
        }
        for from in book.asked_since(screen.me, screen.since) {
            if !screen.asked_by.contains(&from) {
                book.wrong(&format!(
                    "{} on {} has not heard that {from} asked {} for friendship",
                    screen.who, screen.host, screen.me
                ));
            }
        }
        for &room in screen.seen.keys() {
            for seq in book.revoked_since(room, screen.since) {
                if !screen.heard.contains(&(room, seq)) {
                    book.wrong(&format!(
                        "{} on {} has not heard that {seq} of room {room} was taken back",
                        screen.who, screen.host
                    ));
                }
            }
        }
    }
}

async fn history_is_what_was_stored(town: &Town, room: RoomId) {
    let book = &town.book;
    let Some(running) = town.up().into_iter().next() else {
        return;
    };
    let log = book.log(room);
    let is_direct = room >= RoomId::FIRST_DIRECT;
    let members = if is_direct {
        &town.people[..2]
    } else {
        &town.people[..]
    };
    let kind = if is_direct {
        RoomKind::direct(members[0], members[1])
    } else {
        RoomKind::Group
    };
    for &account in members {
        let query = HistoryQuery {
            with_revoked: true,
            ..HistoryQuery::all()
        };
        let page = match running
            .node
            .room(room)
            .page(Caller::person(account), query, true)
            .await
        {
            Ok(page) => page,
            Err(failure) => return book.wrong(&format!("the history of room {room} is refused: {failure}")),
        };
        let stored: Vec<_> = log
            .iter()
            .map(|(message, revoked)| (message.seq, message.id, *revoked))
            .collect();
        let paged: Vec<_> = page
            .messages
            .iter()
            .map(|m| (m.seq, m.id, m.revoked_at.is_some()))
            .collect();
        if stored != paged {
            book.wrong(&format!(
                "the history of room {room} is {paged:?}, stored is {stored:?}"
            ));
        }
        let read = page.read_seq;
        if read < book.read_by(room, account) {
            book.wrong(&format!(
                "{account} has read room {room} up to {read}, less than was said"
            ));
        }
        let unread = recount(&log, kind, account, read);
        if page.unread != unread {
            book.wrong(&format!(
                "{account} has {unread} unread in room {room}, counted are {}",
                page.unread
            ));
        }
    }
}

/// Unread messages, counted one by one.
fn recount(
    log: &[(roost_actors::model::ChatMessage, bool)],
    kind: RoomKind,
    reader: AccountId,
    read: Seq,
) -> i64 {
    let by_other = |sender: AccountId| kind.peer_of(reader).is_none_or(|peer| sender == peer);
    let unread = log.iter().filter(|(message, revoked)| {
        message.seq > read && !revoked && message.kind.counts() && by_other(message.sender)
    });
    unread.count() as i64
}
