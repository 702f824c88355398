//! What people do: they write, read, page and take back, on any node, and try again on another when they must.

use super::dice::Dice;
use super::host::Host;
use super::session::{self, HangUp, Screen};
use super::tables::is_refusal;
use super::town::{Running, Town, sleep};
use roost_actors::Failure;
use roost_actors::model::{Caller, ChatMessage, ClientToken, HistoryQuery, Order, Post, RoomId, Seq};
use roost_actors::user::UserRequest;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use tokio::time::Instant;

/// How long a person waits for an answer before trying elsewhere, in milliseconds.
const PATIENCE_MS: u64 = 9_000;
/// How often a person tries to post the same, at most.
const TRIES_MAX: u32 = 6;

/// How a question to a node ended.
enum Heard<T> {
    Answer(Result<T, Failure>),
    /// The process died, or the person hung up.
    Nothing,
}

async fn ask<T>(
    host: &Host,
    patience_ms: u64,
    question: impl Future<Output = Result<T, Failure>>,
) -> Heard<T> {
    let answer = async {
        let answer = question.await;
        host.running().await;
        answer
    };
    tokio::select! {
        biased;
        () = host.died() => Heard::Nothing,
        answer = answer => Heard::Answer(answer),
        () = sleep(patience_ms) => Heard::Nothing,
    }
}

struct Person {
    town: Rc<Town>,
    dice: Dice,
    name: usize,
    me: Caller,
    posts: u64,
    mine: Vec<ChatMessage>,
}

/// One person, until the town closes.
pub async fn live(town: Rc<Town>, name: usize) {
    let mut person = Person {
        dice: town.dice(1_000 + name as u64),
        me: Caller::person(town.people[name]),
        town: town.clone(),
        name,
        posts: 0,
        mine: Vec::new(),
    };
    while !town.closing.get() {
        sleep(person.dice.between(0, town.plan.thinks_ms)).await;
        let up = town.up();
        let Some(running) = person.dice.pick(&up) else {
            continue;
        };
        let rooms = person.rooms();
        let Some(&room) = person.dice.pick(&rooms) else {
            continue;
        };
        match person.dice.between(0, 21) {
            0..=10 => person.post(room).await,
            11..=13 => person.page(running, room).await,
            14..=16 => person.read(running, room).await,
            17..=19 => person.take_back(running).await,
            _ => person.ask_friend(running).await,
        }
    }
    town.busy.set(town.busy.get() - 1);
}

impl Person {
    /// The rooms this person is in: the last one is of the first two people.
    fn rooms(&self) -> Vec<RoomId> {
        let all = &self.town.rooms;
        let mine = if self.name < 2 { all.len() } else { all.len() - 1 };
        all[..mine].to_vec()
    }

    /// Posts, again and again on any node if it must.
    async fn post(&mut self, room: RoomId) {
        self.posts += 1;
        let body = format!("p{}-{}", self.name, self.posts);
        let digest = [self.posts as u8; 32];
        let token = self.dice.chance(750).then(|| ClientToken {
            key: body.as_str().into(),
            digest,
        });
        let (town, patience_ms) = (
            self.town.clone(),
            if self.dice.chance(200) { 700 } else { PATIENCE_MS },
        );
        let mut may_be_stored = false;
        for _ in 0..TRIES_MAX {
            let up = town.up();
            let Some(running) = self.dice.pick(&up) else {
                sleep(300).await;
                continue;
            };
            let post = Post {
                token: token.clone(),
                ..Post::text(&body)
            };
            town.book
                .note(|| format!("client: {body} to room {room} by {}", running.host));
            match ask(
                &running.host,
                patience_ms,
                running.node.room(room).post(self.me, post),
            )
            .await
            {
                Heard::Answer(Ok(message)) => {
                    town.book.acknowledged(&message);
                    self.mine.push(message);
                    return;
                }
                Heard::Answer(Err(failure)) => {
                    town.book
                        .note(|| format!("client: {body} is answered: {failure}"));
                    if !is_refusal(&failure) {
                        may_be_stored = true;
                    } else if !may_be_stored && (token.is_none() || self.dice.chance(300)) {
                        return town.book.refused(&body);
                    }
                }
                Heard::Nothing => may_be_stored = true,
            }
            if token.is_none() {
                break;
            }
            sleep(self.dice.between(1, 400)).await;
        }
        town.book.count(|tally| tally.unknown += 1);
    }

    async fn page(&self, running: &Running, room: RoomId) {
        let floor = self.town.book.floor(room);
        let query = HistoryQuery {
            with_revoked: self.dice.chance(500),
            order: Order::Descending,
            limit: self.dice.between(0, 20) as i64,
            ..HistoryQuery::all()
        };
        let room_ref = running.node.room(room);
        let asked = room_ref.page(self.me, query, true);
        if let Heard::Answer(Ok(page)) = ask(&running.host, PATIENCE_MS, asked).await {
            self.town.book.note(|| {
                format!(
                    "client: {} says room {room} ends at {}",
                    running.host, page.last_seq
                )
            });
            self.town.book.paged(room, floor, &page);
        }
    }

    async fn read(&self, running: &Running, room: RoomId) {
        let end = self.town.book.end(room);
        let up_to = self
            .dice
            .chance(500)
            .then(|| Seq(self.dice.between(0, end.0 as u64) as i64));
        let room_ref = running.node.room(room);
        let asked = room_ref.read(self.me, up_to);
        if let Heard::Answer(Ok(up_to)) = ask(&running.host, PATIENCE_MS, asked).await {
            self.town.book.has_read(room, self.me.account, up_to);
        }
    }

    /// A stranger asks somebody for friendship.
    async fn ask_friend(&self, running: &Running) {
        let (Some(&from), Some(&to)) = (
            self.dice.pick(&self.town.strangers),
            self.dice.pick(&self.town.people),
        ) else {
            return;
        };
        let began = Instant::now();
        let question = UserRequest::AskFriend {
            to,
            reason: String::new(),
        };
        let stranger = running.node.user(from);
        if let Heard::Answer(Ok(_)) = ask(&running.host, PATIENCE_MS, stranger.ask(question)).await {
            self.town.book.asked(to, from, began);
        }
    }

    async fn take_back(&self, running: &Running) {
        const WITHIN_MS: i64 = 120_000;
        let Some(message) = self.dice.pick(&self.mine) else {
            return;
        };
        let room = running.node.room(message.room);
        let asked = room.revoke(self.me, message.id, WITHIN_MS);
        if let Heard::Answer(Ok(_)) = ask(&running.host, PATIENCE_MS, asked).await
            && !self.town.book.is_revoked(message.room, message.seq)
        {
            self.town
                .book
                .wrong(&format!("{} was said to be taken back and is not", message.body));
        }
    }
}

/// One place in front of which somebody sits for as long as the world is: opens a session, and another when that ends.
pub async fn watch(town: Rc<Town>, number: usize) {
    let dice = town.dice(2_000 + number as u64);
    let account = town.people[number % town.people.len()];
    let mut opened = 0;
    loop {
        sleep(dice.between(1, 400)).await;
        let up = town.up();
        let Some(running) = dice.pick(&up) else { continue };
        opened += 1;
        sit(
            &town,
            &dice,
            running,
            Caller::person(account),
            format!("session {number}.{opened}"),
        )
        .await;
    }
}

async fn sit(town: &Rc<Town>, dice: &Dice, running: &Running, me: Caller, who: String) {
    const SITS_MS_MAX: u64 = 20_000;
    let Some(hub) = dice.pick(&running.hubs) else {
        return;
    };
    let queue_len = if dice.chance(500) { dice.between(1, 4) } else { 64 };
    // Slow, but with a full queue still done before the world is judged.
    let slow_ms = if dice.chance(300) { dice.between(1, 80) } else { 0 };
    let entered = session::enter(hub, me, queue_len as usize);
    let directory = running.node.directory();
    let positions = directory.positions(me.account);
    let Heard::Answer(Ok(positions)) = ask(&running.host, PATIENCE_MS, positions).await else {
        return;
    };
    town.book
        .note(|| format!("{who} of {} is open on {}", me.account, running.host));
    let screen = Rc::new(RefCell::new(Screen {
        who,
        me: me.account,
        host: running.host.clone(),
        since: Instant::now(),
        seen: BTreeMap::new(),
        heard: BTreeSet::new(),
        asked_by: BTreeSet::new(),
        closed: false,
    }));
    let session = entered.start(
        running.node.clone(),
        me,
        &positions,
        &screen,
        town.book.clone(),
        slow_ms,
    );
    town.screens.borrow_mut().push(screen.clone());
    let leaves_at = Instant::now() + std::time::Duration::from_millis(dice.between(100, SITS_MS_MAX));
    loop {
        sleep(250).await;
        let bored = Instant::now() >= leaves_at && !town.is_calm();
        if running.host.is_dead() || bored {
            screen.borrow_mut().closed = true;
            // A full mailbox has other things to do first; nobody looks at it any more.
            drop(session.try_send(HangUp));
        }
        if screen.borrow().closed {
            town.screens
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, &screen));
            return;
        }
    }
}
