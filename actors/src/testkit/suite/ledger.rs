//! The ledger's store: one order over all rooms, each account's part of it, and what the operator's app server gives.

use super::stage::{self, NOBODY, NOW, Owner, group, new_group, person, refused, text, three, unique, uuid};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, CommitKey, Entry, Inbox, NewAccount, RoomKind, Seq};
use crate::ports::Ports;

/// Where the ledger is clear now.
async fn clear(ports: &Ports) -> CommitKey {
    ports.ledger.since(None, 10).await.expect("a horizon").clear
}

/// Lines after a key, once nothing more is expected to become clear.
async fn lines(ports: &Ports, after: CommitKey) -> Vec<Entry> {
    let page = ports.ledger.since(Some(after), 1_000).await.expect("lines");
    assert!(!page.more, "everything is clear");
    page.entries
}

async fn inbox(ports: &Ports, account: AccountId, after: CommitKey, limit: i64) -> Inbox {
    ports.ledger.inbox(account, after, limit).await.expect("an inbox")
}

fn bodies(inbox: &Inbox) -> Vec<&str> {
    inbox.items.iter().map(|item| &*item.message.body).collect()
}

pub async fn lines_come_in_the_order_of_commits_over_all_rooms(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (mut one, mut other) = (
        group(ports, ann, &[bob]).await,
        stage::direct(ports, ann, bob).await,
    );
    let before = clear(ports).await;
    one.say(ports, ann, "1").await;
    other.post(ports, vec![text(ann, "2"), text(bob, "3")]).await;
    one.say(ports, bob, "4").await;
    let lines = lines(ports, before).await;
    let places: Vec<_> = lines.iter().map(|line| (line.room, line.seq)).collect();
    assert_eq!(
        places,
        [
            (one.room, Seq(1)),
            (other.room, Seq(1)),
            (other.room, Seq(2)),
            (one.room, Seq(2))
        ]
    );
    assert!(lines.is_sorted_by(|a, b| a.key < b.key));
    assert!(lines[0].key > before && lines[3].key.0 < 1 << 53);
    assert!(clear(ports).await >= lines[3].key);
}

pub async fn lines_are_told_in_pages_and_only_after_the_key(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let before = clear(ports).await;
    room.post(ports, (0..5).map(|n| text(ann, &n.to_string())).collect())
        .await;
    let mut after = before;
    let mut seqs = Vec::new();
    loop {
        let page = ports.ledger.since(Some(after), 2).await.expect("lines");
        seqs.extend(page.entries.iter().map(|line| line.seq.0));
        match page.entries.last() {
            Some(last) => after = last.key,
            None => break,
        }
    }
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(ports.ledger.since(None, 10).await.expect("a horizon").entries, []);
}

pub async fn a_first_line_names_whose_membership_begins_with_it(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let before = clear(ports).await;
    room.say(ports, ann, "1").await;
    room.add(ports, eve).await;
    room.say(ports, ann, "2").await;
    room.say(ports, ann, "3").await;
    let mut newcomers: Vec<Vec<AccountId>> = lines(ports, before)
        .await
        .into_iter()
        .map(|line| line.newcomers)
        .collect();
    newcomers[0].sort_unstable();
    assert_eq!(newcomers, [vec![ann, bob], vec![eve], vec![]]);
}

pub async fn super_groups_are_in_no_ledger_and_no_inbox(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let before = clear(ports).await;
    let mut wanted = new_group("super", ann, &[bob]);
    wanted.super_group = true;
    let room = ports.rooms.create_group(&wanted).await.expect("a group is made");
    Owner::of(ports, room).await.say(ports, ann, "1").await;
    assert_eq!(lines(ports, before).await, []);
    let bobs = inbox(ports, bob, CommitKey(0), 10).await;
    assert_eq!((bobs.items.len(), bobs.end), (0, CommitKey(0)));
}

pub async fn an_inbox_holds_the_messages_of_all_rooms_in_one_order(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let (mut room, mut direct) = (
        group(ports, ann, &[bob]).await,
        stage::direct(ports, bob, eve).await,
    );
    let mut others = stage::direct(ports, ann, eve).await;
    room.say(ports, ann, "1").await;
    others.say(ports, ann, "not bob's").await;
    direct.say(ports, eve, "2").await;
    room.say(ports, bob, "3").await;
    let bobs = inbox(ports, bob, CommitKey(0), 10).await;
    assert_eq!(bodies(&bobs), ["1", "2", "3"]);
    let kinds: Vec<RoomKind> = bobs.items.iter().map(|item| item.kind).collect();
    assert_eq!(
        kinds,
        [RoomKind::Group, RoomKind::direct(bob, eve), RoomKind::Group]
    );
    assert_eq!((bobs.end, bobs.more), (bobs.items[2].key, false));
    let rest = inbox(ports, bob, bobs.items[0].key, 10).await;
    assert_eq!(bodies(&rest), ["2", "3"]);
    assert_eq!(bodies(&inbox(ports, bob, bobs.end, 10).await), Vec::<&str>::new());
    let only_end = inbox(ports, bob, CommitKey(0), 0).await;
    assert_eq!((only_end.items.len(), only_end.end), (0, bobs.end));
    assert_eq!(inbox(ports, NOBODY, CommitKey(0), 10).await.end, CommitKey(0));
}

pub async fn an_inbox_reaches_as_far_as_memberships_do(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.say(ports, ann, "before").await;
    room.add(ports, eve).await;
    room.say(ports, ann, "with eve").await;
    room.remove(ports, eve).await;
    room.say(ports, ann, "without").await;
    room.add(ports, eve).await;
    room.say(ports, ann, "again").await;
    let eves = inbox(ports, eve, CommitKey(0), 10).await;
    assert_eq!(bodies(&eves), ["with eve", "again"]);
    let rest = inbox(ports, eve, eves.items[0].key, 10).await;
    assert_eq!(bodies(&rest), ["again"]);
    room.remove(ports, eve).await;
    room.say(ports, ann, "gone").await;
    assert_eq!(
        bodies(&inbox(ports, eve, CommitKey(0), 10).await),
        ["with eve", "again"]
    );
}

pub async fn a_long_inbox_is_read_page_by_page_from_any_key(ports: &Ports) {
    const MESSAGES: usize = 100;
    let (ann, bob, _) = three(ports).await;
    let mut rooms = [
        group(ports, ann, &[bob]).await,
        stage::direct(ports, ann, bob).await,
    ];
    let mut expected = Vec::new();
    for number in 0..MESSAGES {
        let room = &mut rooms[usize::from(number % 3 == 0)];
        let body = number.to_string();
        room.say(ports, ann, &body).await;
        expected.push(body);
    }
    let whole = inbox(ports, bob, CommitKey(0), 1_000).await;
    assert_eq!(bodies(&whole), expected);
    let (mut after, mut read) = (CommitKey(0), Vec::new());
    loop {
        let page = inbox(ports, bob, after, 7).await;
        read.extend(page.items.iter().map(|item| item.message.body.to_string()));
        match page.items.last() {
            Some(last) => after = last.key,
            None => break,
        }
        assert_eq!(page.more, page.items.len() == 7);
    }
    assert_eq!(read, expected);
    for (index, item) in whole.items.iter().enumerate() {
        let rest = inbox(ports, bob, item.key, 3).await;
        let next: Vec<&str> = expected[index + 1..].iter().take(3).map(String::as_str).collect();
        assert_eq!(bodies(&rest), next, "after {index}");
    }
}

pub async fn a_kept_key_only_rises(ports: &Ports) {
    let ann = person(ports, "ann").await;
    assert_eq!(ports.ledger.key(ann).await, Ok(CommitKey(0)));
    for (kept, stands) in [(5, 5), (3, 5), (9, 9)] {
        ports
            .ledger
            .keep_key(ann, CommitKey(kept))
            .await
            .expect("a key is kept");
        assert_eq!(ports.ledger.key(ann).await, Ok(CommitKey(stands)));
    }
    refused(
        ports.ledger.keep_key(NOBODY, CommitKey(1)).await,
        &Failure::Unknown(Thing::Account),
    );
}

pub async fn the_first_token_of_an_account_stays_and_names_it(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (first, second) = (unique("first"), unique("second"));
    // A key kept before does not stand in the way.
    ports
        .ledger
        .keep_key(ann, CommitKey(1))
        .await
        .expect("a key is kept");
    assert_eq!(ports.passes.pass(ann, &first).await, Ok(first.clone()));
    assert_eq!(ports.passes.pass(ann, &second).await, Ok(first.clone()));
    assert_eq!(ports.passes.pass(bob, &second).await, Ok(second.clone()));
    let whose = async |token: &str| {
        ports
            .passes
            .by_token(token)
            .await
            .expect("a look")
            .map(|g| g.account)
    };
    assert_eq!(whose(&first).await, Some(ann));
    assert_eq!(whose(&second).await, Some(bob));
    assert_eq!(whose("").await, None);
    assert_eq!(ports.ledger.key(ann).await, Ok(CommitKey(1)));
    refused(
        ports.passes.pass(NOBODY, "x").await,
        &Failure::Unknown(Thing::Account),
    );
}

pub async fn who_was_silenced_may_speak_again(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let token = unique("token");
    for silenced in [true, false, true] {
        ports.passes.silence(ann, silenced).await.expect("it is set");
        ports.passes.pass(ann, &token).await.expect("a token");
        let pass = ports
            .passes
            .by_token(&token)
            .await
            .expect("a look")
            .expect("a pass");
        assert_eq!((pass.account, pass.silenced), (ann, silenced));
    }
    refused(
        ports.passes.silence(NOBODY, true).await,
        &Failure::Unknown(Thing::Account),
    );
}

pub async fn accounts_are_admitted_once_under_the_ids_they_are_given(ports: &Ports) {
    let new = |id: i64| NewAccount {
        id: Some(AccountId(id)),
        uuid: uuid(),
        created_at: NOW,
        ..NewAccount::default()
    };
    ports.passes.admit(&[new(501), new(502)]).await.expect("admitted");
    let first = ports
        .directory
        .by_id(AccountId(501))
        .await
        .expect("a look")
        .expect("an account");
    ports.passes.admit(&[new(503), new(501)]).await.expect("admitted");
    assert_eq!(
        ports.directory.by_id(AccountId(501)).await.expect("a look"),
        Some(first)
    );
    assert!(
        ports
            .directory
            .by_id(AccountId(503))
            .await
            .expect("a look")
            .is_some()
    );
}
