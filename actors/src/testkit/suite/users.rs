//! The users' store: profiles, contacts, blocks, friend requests.

use super::stage::{NOBODY, NOW, STRANGE_TEXTS, person, refused, taken_or_refused, three};
use crate::failure::{Failure, Thing};
use crate::model::{AccountEdit, AccountId, Contact, RequestStatus};
use crate::ports::{Ports, StoreResult, UserChange, UserSaved};

async fn change(ports: &Ports, account: AccountId, change: UserChange) -> UserSaved {
    ports
        .users
        .change(account, &change)
        .await
        .expect("the change is stored")
}

async fn try_change(ports: &Ports, account: AccountId, change: UserChange) -> StoreResult<UserSaved> {
    ports.users.change(account, &change).await
}

fn ask(to: AccountId, reason: &str) -> UserChange {
    UserChange::AskFriend {
        to,
        reason: reason.to_owned(),
        at: NOW,
    }
}

fn answer(from: AccountId, accept: bool) -> UserChange {
    UserChange::AnswerFriend {
        from,
        accept,
        reason: "because".to_owned(),
        at: NOW.plus_ms(1),
    }
}

async fn befriend(ports: &Ports, a: AccountId, b: AccountId) {
    change(ports, a, ask(b, "")).await;
    change(ports, b, answer(a, true)).await;
}

/// What `owner` holds of `peer`.
async fn contact(ports: &Ports, owner: AccountId, peer: AccountId) -> Option<Contact> {
    let contacts = ports.users.load(owner).await.unwrap().contacts;
    assert!(
        contacts.iter().all(|c| c.owner == owner),
        "only one's own contacts"
    );
    contacts.into_iter().find(|c| c.peer == peer)
}

async fn friends(ports: &Ports, account: AccountId, blocked: bool) -> Vec<AccountId> {
    let friends = ports.users.friends(account, blocked).await.unwrap();
    assert!(
        friends.iter().all(|f| f.account.id == f.contact.peer),
        "each with its own profile"
    );
    friends.iter().map(|f| f.contact.peer).collect()
}

// profiles

pub async fn an_account_is_loaded_as_it_was_made(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let loaded = ports.users.load(ann).await.unwrap();
    assert_eq!(
        ports.directory.by_id(ann).await.unwrap(),
        Some(loaded.account.clone())
    );
    assert_eq!(
        (loaded.account.id, loaded.account.nickname.as_str()),
        (ann, "ann")
    );
    assert_eq!(loaded.contacts, []);
}

pub async fn an_account_that_does_not_exist_cannot_be_loaded(ports: &Ports) {
    refused(ports.users.load(NOBODY).await, &Failure::Unknown(Thing::Account));
}

pub async fn an_edit_of_a_profile_changes_what_it_names_and_nothing_else(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (before, of_bob) = (
        ports.users.load(ann).await.unwrap(),
        ports.users.load(bob).await.unwrap(),
    );
    change(ports, ann, UserChange::Edit(AccountEdit::default())).await;
    assert_eq!(ports.users.load(ann).await.unwrap(), before);
    let edit = AccountEdit {
        nickname: Some("Ann".to_owned()),
        longitude: Some(-0.1276),
        latitude: Some(51.5072),
        city: Some("London".to_owned()),
        ..AccountEdit::default()
    };
    change(ports, ann, UserChange::Edit(edit)).await;
    let after = ports.users.load(ann).await.unwrap().account;
    let mut expected = before.account;
    expected.nickname = "Ann".to_owned();
    expected.place.city = "London".to_owned();
    (expected.place.longitude, expected.place.latitude) = (-0.1276, 51.5072);
    assert_eq!(after, expected);
    assert_eq!(ports.users.load(bob).await.unwrap(), of_bob);
}

pub async fn every_field_of_a_profile_is_kept(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let word = |word: &str| Some(word.to_owned());
    let edit = AccountEdit {
        nickname: word("n"),
        avatar: word("a"),
        gender: word("g"),
        birth: word("b"),
        intro: word("i"),
        longitude: Some(1.5),
        latitude: Some(-2.25),
        country: word("c"),
        province: word("p"),
        city: word("ci"),
        district: word("d"),
    };
    change(ports, ann, UserChange::Edit(edit)).await;
    let account = ports.users.load(ann).await.unwrap().account;
    let texts = [
        &account.nickname,
        &account.avatar,
        &account.gender,
        &account.birth,
        &account.intro,
    ];
    assert_eq!(texts, ["n", "a", "g", "b", "i"]);
    let place = &account.place;
    assert_eq!(
        [&place.country, &place.province, &place.city, &place.district],
        ["c", "p", "ci", "d"]
    );
    assert_eq!((place.longitude, place.latitude), (1.5, -2.25));
}

pub async fn strange_profiles_are_kept(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let edit = |nickname: &str| {
        UserChange::Edit(AccountEdit {
            nickname: Some(nickname.to_owned()),
            ..AccountEdit::default()
        })
    };
    for strange in STRANGE_TEXTS {
        change(ports, ann, edit(strange)).await;
        assert_eq!(ports.users.load(ann).await.unwrap().account.nickname, **strange);
    }
    if taken_or_refused(try_change(ports, ann, edit("a\0b")).await).is_some() {
        assert_eq!(ports.users.load(ann).await.unwrap().account.nickname, "a\0b");
    }
}

pub async fn a_new_password_replaces_the_old_and_voids_tokens(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let at = NOW.plus_ms(5_000);
    let before = ports.users.load(ann).await.unwrap().account;
    assert!(!before.has_password);
    for hash in ["$first$", "$second$"] {
        let hash = hash.to_owned();
        change(ports, ann, UserChange::SetPassword { hash, at }).await;
    }
    let username = before.username.unwrap();
    let (account, hash) = ports.directory.by_login(&username).await.unwrap().unwrap();
    assert_eq!(hash.as_deref(), Some("$second$"));
    assert_eq!((account.has_password, account.tokens_from), (true, at));
}

pub async fn changes_of_an_account_that_does_not_exist_are_refused(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let edit = UserChange::Edit(AccountEdit {
        nickname: Some("ghost".to_owned()),
        ..AccountEdit::default()
    });
    for refusable in [edit, ask(ann, ""), UserChange::Block { peer: ann, at: NOW }] {
        let result = try_change(ports, NOBODY, refusable).await;
        refused(result, &Failure::Unknown(Thing::Account));
    }
}

// friends

pub async fn a_friend_request_waits_for_its_answer(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let UserSaved::Asked(id) = change(ports, ann, ask(bob, "hello 'bob'")).await else {
        panic!("the asker is told the request's id");
    };
    let waiting = ports.users.friend_requests(bob).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let (request, account) = &waiting[0];
    assert_eq!((request.id, request.from, request.to), (id, ann, bob));
    assert_eq!(
        (request.reason.as_str(), request.status),
        ("hello 'bob'", RequestStatus::Waiting)
    );
    assert_eq!((request.created_at, account.id), (NOW, ann));
    assert_eq!(ports.users.friend_requests(ann).await.unwrap(), []);
    assert_eq!(ports.users.friend_requests(eve).await.unwrap(), []);
    assert_eq!(contact(ports, ann, bob).await, None);
}

pub async fn a_second_request_while_one_waits_is_refused(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    change(ports, ann, ask(bob, "1")).await;
    let again = try_change(ports, ann, ask(bob, "2")).await;
    refused(again, &Failure::Waiting(Thing::FriendRequest));
    change(ports, ann, ask(eve, "another")).await;
    change(ports, bob, ask(ann, "the other way")).await;
    assert_eq!(ports.users.friend_requests(bob).await.unwrap().len(), 1);
}

pub async fn requests_made_at_the_same_time_are_made_once(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let ports = ports.clone();
        tasks.spawn(async move { try_change(&ports, ann, ask(bob, "")).await.is_ok() });
    }
    let mut taken = 0;
    while let Some(ok) = tasks.join_next().await {
        taken += usize::from(ok.unwrap());
    }
    assert_eq!(
        (taken, ports.users.friend_requests(bob).await.unwrap().len()),
        (1, 1)
    );
}

pub async fn nobody_can_be_asked(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let result = try_change(ports, ann, ask(NOBODY, "")).await;
    refused(result, &Failure::Unknown(Thing::Account));
}

pub async fn accepting_makes_both_friends(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    for (owner, peer) in [(ann, bob), (bob, ann)] {
        let contact = contact(ports, owner, peer).await.unwrap();
        assert!(contact.friend && !contact.blocked);
        assert_eq!((contact.remark.as_str(), contact.label.as_str()), ("", ""));
        assert_eq!(friends(ports, owner, false).await, [peer]);
    }
    assert_eq!(ports.users.friend_requests(bob).await.unwrap(), []);
}

pub async fn denying_makes_nobody_friends_and_lets_ask_again(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    change(ports, ann, ask(bob, "")).await;
    change(ports, bob, answer(ann, false)).await;
    assert_eq!(ports.users.friend_requests(bob).await.unwrap(), []);
    assert_eq!(
        (contact(ports, ann, bob).await, contact(ports, bob, ann).await),
        (None, None)
    );
    change(ports, ann, ask(bob, "again")).await;
    assert_eq!(ports.users.friend_requests(bob).await.unwrap().len(), 1);
}

pub async fn an_answer_without_a_waiting_request_is_refused(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let unknown = Failure::Unknown(Thing::FriendRequest);
    refused(try_change(ports, bob, answer(ann, true)).await, &unknown);
    change(ports, ann, ask(bob, "")).await;
    refused(try_change(ports, eve, answer(ann, true)).await, &unknown);
    refused(try_change(ports, ann, answer(bob, true)).await, &unknown);
    change(ports, bob, answer(ann, true)).await;
    refused(try_change(ports, bob, answer(ann, true)).await, &unknown);
    refused(try_change(ports, bob, answer(ann, false)).await, &unknown);
}

pub async fn two_who_ask_each_other_can_both_accept(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    change(ports, ann, ask(bob, "")).await;
    change(ports, bob, ask(ann, "")).await;
    change(ports, bob, answer(ann, true)).await;
    let _ = try_change(ports, ann, answer(bob, true)).await;
    assert_eq!(friends(ports, ann, false).await, [bob]);
    assert_eq!(friends(ports, bob, false).await, [ann]);
}

pub async fn an_accepted_friend_keeps_a_block_and_a_remark(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    change(ports, bob, UserChange::Block { peer: ann, at: NOW }).await;
    change(ports, ann, ask(bob, "")).await;
    change(ports, bob, answer(ann, true)).await;
    let contact = contact(ports, bob, ann).await.unwrap();
    assert!(contact.friend && contact.blocked);
}

pub async fn friends_come_oldest_first(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let zoe = person(ports, "zoe").await;
    for friend in [eve, zoe, bob] {
        befriend(ports, ann, friend).await;
    }
    assert_eq!(friends(ports, ann, false).await, [eve, zoe, bob]);
}

pub async fn friend_requests_come_newest_first(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let zoe = person(ports, "zoe").await;
    for (n, asker) in [eve, ann, zoe].into_iter().enumerate() {
        let asking = UserChange::AskFriend {
            to: bob,
            reason: String::new(),
            at: NOW.plus_ms(n as i64),
        };
        change(ports, asker, asking).await;
    }
    let waiting = ports.users.friend_requests(bob).await.unwrap();
    assert_eq!(
        waiting.iter().map(|(r, _)| r.from).collect::<Vec<_>>(),
        [zoe, ann, eve]
    );
}

pub async fn a_removed_contact_is_gone_on_this_side_only(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    change(ports, ann, UserChange::RemoveContact { peer: bob }).await;
    assert_eq!(contact(ports, ann, bob).await, None);
    assert!(contact(ports, bob, ann).await.unwrap().friend);
    let again = try_change(ports, ann, UserChange::RemoveContact { peer: bob }).await;
    refused(again, &Failure::NotFriends);
}

pub async fn former_friends_can_become_friends_again(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    change(ports, ann, UserChange::RemoveContact { peer: bob }).await;
    befriend(ports, ann, bob).await;
    assert_eq!(friends(ports, ann, false).await, [bob]);
    assert_eq!(friends(ports, bob, false).await, [ann]);
}

pub async fn a_remark_and_a_label_are_kept_on_this_side_only(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    let (remark, label) = ("my 'bob'".to_owned(), "work, 朋友".to_owned());
    change(
        ports,
        ann,
        UserChange::SetRemark {
            peer: bob,
            remark: remark.clone(),
        },
    )
    .await;
    change(
        ports,
        ann,
        UserChange::SetLabel {
            peer: bob,
            label: label.clone(),
        },
    )
    .await;
    let mine = contact(ports, ann, bob).await.unwrap();
    assert_eq!((mine.remark, mine.label, mine.friend), (remark, label, true));
    let theirs = contact(ports, bob, ann).await.unwrap();
    assert_eq!((theirs.remark.as_str(), theirs.label.as_str()), ("", ""));
}

pub async fn a_remark_or_label_without_a_contact_is_refused(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (remark, label) = ("r".to_owned(), "l".to_owned());
    let remark = UserChange::SetRemark { peer: bob, remark };
    refused(try_change(ports, ann, remark).await, &Failure::NotFriends);
    let label = UserChange::SetLabel { peer: bob, label };
    refused(try_change(ports, ann, label).await, &Failure::NotFriends);
}

// blocks

pub async fn a_stranger_can_be_blocked(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    change(ports, ann, UserChange::Block { peer: bob, at: NOW }).await;
    let contact = contact(ports, ann, bob).await.unwrap();
    assert!(contact.blocked && !contact.friend);
    assert_eq!(friends(ports, ann, true).await, [bob]);
    assert_eq!(friends(ports, ann, false).await, []);
    assert_eq!(friends(ports, bob, true).await, []);
}

pub async fn a_blocked_friend_is_among_the_blocked_instead_of_the_friends(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    befriend(ports, ann, bob).await;
    befriend(ports, ann, eve).await;
    change(ports, ann, UserChange::Block { peer: bob, at: NOW }).await;
    assert_eq!(friends(ports, ann, true).await, [bob]);
    assert_eq!(friends(ports, ann, false).await, [eve]);
    assert_eq!(friends(ports, bob, false).await, [ann]);
}

pub async fn blocking_twice_blocks_once(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    for _ in 0..2 {
        change(ports, ann, UserChange::Block { peer: bob, at: NOW }).await;
    }
    assert_eq!(friends(ports, ann, true).await, [bob]);
}

pub async fn nobody_can_be_blocked(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let result = try_change(
        ports,
        ann,
        UserChange::Block {
            peer: NOBODY,
            at: NOW,
        },
    )
    .await;
    refused(result, &Failure::Unknown(Thing::Account));
    assert_eq!(friends(ports, ann, true).await, []);
}

pub async fn lifting_a_block_removes_the_contact(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    change(ports, ann, UserChange::Block { peer: bob, at: NOW }).await;
    change(ports, ann, UserChange::Unblock { peer: bob }).await;
    assert_eq!(contact(ports, ann, bob).await, None);
    let again = try_change(ports, ann, UserChange::Unblock { peer: bob }).await;
    refused(again, &Failure::Unknown(Thing::Block));
}

pub async fn a_friend_who_is_not_blocked_cannot_be_unblocked(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    let result = try_change(ports, ann, UserChange::Unblock { peer: bob }).await;
    refused(result, &Failure::Unknown(Thing::Block));
    assert_eq!(friends(ports, ann, false).await, [bob]);
}
