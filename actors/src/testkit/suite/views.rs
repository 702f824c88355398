//! The views' store: friendships that open and close conversations, what a list of them shows, and claimed names.

use super::stage::{NOW, Owner, direct, group, new_group, newcomer, person, refused, text, three, unique};
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Conversation, HistoryQuery, NewAccount, NewGroup, RequestId, RequestStatus, RoomRules, Seq,
    View, ViewId, With,
};
use crate::ports::{Ports, RoomChange, UserChange, UserSaved};

async fn change(ports: &Ports, account: AccountId, change: UserChange) -> UserSaved {
    ports
        .users
        .change(account, &change)
        .await
        .expect("the change is stored")
}

async fn ask(ports: &Ports, from: AccountId, to: AccountId) -> RequestId {
    match change(ports, from, UserChange::AskFriendship { to, at: NOW }).await {
        UserSaved::Asked(id) => id,
        other => panic!("a request has an id, not {other:?}"),
    }
}

async fn answer(ports: &Ports, me: AccountId, from: AccountId, accept: bool) {
    let answer = UserChange::AnswerFriend {
        from,
        accept,
        reason: String::new(),
        at: NOW.plus_ms(1),
    };
    change(ports, me, answer).await;
}

/// Makes the two friends. The view that is open then.
async fn befriend(ports: &Ports, a: AccountId, b: AccountId) -> View {
    ask(ports, a, b).await;
    answer(ports, b, a, true).await;
    open_view(ports, a, b).await.expect("friends have a view")
}

async fn open_view(ports: &Ports, a: AccountId, b: AccountId) -> Option<View> {
    let view = ports.views.open_view(a, b).await.unwrap();
    assert_eq!(
        view,
        ports.views.open_view(b, a).await.unwrap(),
        "whoever is named first"
    );
    view
}

/// The entry with a friend or of a group.
async fn entry(ports: &Ports, account: AccountId, picks: impl Fn(&With) -> bool) -> Option<Conversation> {
    let all = ports.views.conversations(account).await.unwrap();
    all.into_iter().find(|conversation| picks(&conversation.with))
}

fn with_friend(peer: AccountId) -> impl Fn(&With) -> bool {
    move |with| matches!(with, With::Friend(_, friend) if friend.id == peer)
}

pub async fn accepting_opens_a_view_and_declining_does_not(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    ask(ports, ann, eve).await;
    answer(ports, eve, ann, false).await;
    assert_eq!(open_view(ports, ann, eve).await, None);
    let view = befriend(ports, ann, bob).await;
    assert!(view.id >= ViewId::FIRST);
    assert_eq!(
        (view.low, view.high, view.requester),
        (ann.min(bob), ann.max(bob), ann)
    );
    assert_eq!(
        (view.from_seq, view.opened_at, view.closed),
        (Seq(1), NOW.plus_ms(1), false)
    );
    assert_eq!(ports.views.view(view.id).await.unwrap(), Some(view));
    assert_eq!(
        ports.views.view(ViewId(view_number_of_nobody())).await.unwrap(),
        None
    );
}

fn view_number_of_nobody() -> i64 {
    ViewId::FIRST.0 + 900_000_000
}

pub async fn a_view_begins_at_the_end_of_what_was_said_before(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = direct(ports, ann, bob).await;
    room.say(ports, ann, "before").await;
    let view = befriend(ports, ann, bob).await;
    assert_eq!((view.room, view.from_seq), (room.room, Seq(2)));
    assert_eq!(entry(ports, bob, with_friend(ann)).await.unwrap().latest, None);
    assert_eq!(entry(ports, bob, with_friend(ann)).await.unwrap().unread, 0);
}

pub async fn ending_a_friendship_closes_its_view_and_the_next_one_is_another(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let first = befriend(ports, ann, bob).await;
    let end = |peer| UserChange::EndFriendship { peer };
    refused(ports.users.change(ann, &end(eve)).await, &Failure::NotFriends);
    change(ports, bob, end(ann)).await;
    assert_eq!(open_view(ports, ann, bob).await, None);
    assert!(ports.views.view(first.id).await.unwrap().unwrap().closed);
    refused(ports.users.change(ann, &end(bob)).await, &Failure::NotFriends);
    for account in [ann, bob] {
        assert!(ports.users.friends(account, false).await.unwrap().is_empty());
        assert!(ports.views.conversations(account).await.unwrap().is_empty());
    }
    let second = befriend(ports, bob, ann).await;
    assert!(second.id > first.id && second.requester == bob);
}

pub async fn ending_a_friendship_lifts_no_block_of_the_other(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    befriend(ports, ann, bob).await;
    change(ports, bob, UserChange::Block { peer: ann, at: NOW }).await;
    change(ports, ann, UserChange::EndFriendship { peer: bob }).await;
    let blocked = ports.users.friends(bob, true).await.unwrap();
    assert_eq!(blocked.iter().map(|f| f.account.id).collect::<Vec<_>>(), [ann]);
}

pub async fn removing_a_contact_closes_the_view(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    befriend(ports, ann, bob).await;
    change(ports, ann, UserChange::RemoveContact { peer: bob }).await;
    assert_eq!(open_view(ports, ann, bob).await, None);
    // Bob still has Ann among his contacts, and may ask again all the same.
    befriend(ports, bob, ann).await;
    befriend(ports, ann, eve).await;
    change(ports, ann, UserChange::Block { peer: eve, at: NOW }).await;
    assert!(open_view(ports, ann, eve).await.is_some());
    change(ports, ann, UserChange::Unblock { peer: eve }).await;
    assert_eq!(open_view(ports, ann, eve).await, None);
}

pub async fn friends_cannot_ask_each_other(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    ask(ports, ann, bob).await;
    let again = ports
        .users
        .change(ann, &UserChange::AskFriendship { to: bob, at: NOW })
        .await;
    refused(again, &Failure::Waiting(Thing::FriendRequest));
    // The other direction is not blocked by a request that waits.
    ask(ports, bob, ann).await;
    answer(ports, bob, ann, true).await;
    let friends = ports
        .users
        .change(ann, &UserChange::AskFriendship { to: bob, at: NOW })
        .await;
    refused(friends, &Failure::Exists(Thing::Contact));
    let view = open_view(ports, ann, bob).await;
    answer(ports, ann, bob, true).await;
    assert_eq!(open_view(ports, ann, bob).await, view);
}

pub async fn requests_are_found_by_id_and_listed_with_the_answered_ones(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let first = ask(ports, bob, ann).await;
    let second = ask(ports, eve, ann).await;
    answer(ports, ann, bob, false).await;
    let request = ports.views.request(first).await.unwrap().unwrap();
    assert_eq!(
        (request.from, request.to, request.status),
        (bob, ann, RequestStatus::Denied)
    );
    assert_eq!(ports.views.request(RequestId(i64::MAX)).await.unwrap(), None);
    let listed = ports.views.requests_to(ann).await.unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|(request, asker)| (request.id, asker.id))
        .collect();
    assert_eq!(shown, [(second, eve), (first, bob)]);
}

pub async fn a_list_shows_the_latest_message_and_the_unread_ones(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let view = befriend(ports, ann, bob).await;
    let mut room = Owner::of(ports, view.room).await;
    room.say(ports, ann, "one").await;
    let two = room.say(ports, ann, "two").await;
    let three = room.say(ports, bob, "three").await;
    let four = room.say(ports, ann, "four").await;
    let of_bob = entry(ports, bob, with_friend(ann)).await.unwrap();
    assert_eq!((of_bob.latest.as_ref(), of_bob.unread), (Some(&four), 3));
    assert_eq!(entry(ports, ann, with_friend(bob)).await.unwrap().unread, 1);
    let mut batch = room.batch(vec![]);
    batch.reads = vec![(bob, two.seq)];
    super::stage::append(ports, batch).await;
    assert_eq!(entry(ports, bob, with_friend(ann)).await.unwrap().unread, 1);
    room.revoke(ports, &four, NOW).await;
    let of_bob = entry(ports, bob, with_friend(ann)).await.unwrap();
    assert_eq!((of_bob.latest.map(|m| m.id), of_bob.unread), (Some(three.id), 0));
    // What is said after a closed view counts for the next one only.
    change(ports, ann, UserChange::EndFriendship { peer: bob }).await;
    room.say(ports, ann, "between").await;
    befriend(ports, ann, bob).await;
    room.say(ports, ann, "after").await;
    let of_bob = entry(ports, bob, with_friend(ann)).await.unwrap();
    assert_eq!((&*of_bob.latest.unwrap().body, of_bob.unread), ("after", 1));
}

pub async fn a_list_shows_groups_with_all_that_is_unread(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let in_group = |with: &With| matches!(with, With::Group(_));
    assert_eq!(entry(ports, bob, in_group).await.unwrap().latest, None);
    room.say(ports, bob, "mine").await;
    room.post(ports, vec![text(ann, "hers")]).await;
    let entry_of = |account| entry(ports, account, in_group);
    assert_eq!(entry_of(bob).await.unwrap().unread, 2);
    // Who comes later sees no more of it than the group's rules say.
    room.add(ports, eve).await;
    let of_eve = entry_of(eve).await.unwrap();
    assert_eq!((of_eve.latest, of_eve.unread), (None, 0));
    let open = RoomRules {
        history_before_join: true,
        ..RoomRules::default()
    };
    let edit = RoomChange::Edit {
        name: None,
        avatar: None,
        intro: None,
        place: None,
        rules: Some(open),
    };
    room.change(ports, edit).await;
    assert_eq!(&*entry_of(eve).await.unwrap().latest.unwrap().body, "hers");
    assert_eq!(room.bodies(ports, &HistoryQuery::all()).await, ["mine", "hers"]);
    room.remove(ports, eve).await;
    assert!(entry_of(eve).await.is_none());
    room.change(ports, RoomChange::Dissolve { at: NOW }).await;
    assert!(entry_of(ann).await.is_none());
}

pub async fn a_claimed_name_is_one_groups_alone_whatever_its_case(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let name = unique("Claimed Näme");
    let claiming = |name: &str| NewGroup {
        claims_name: true,
        ..new_group(name, ann, &[])
    };
    let room = ports.rooms.create_group(&claiming(&name)).await.unwrap();
    let shouted = name.to_uppercase();
    refused(
        ports.rooms.create_group(&claiming(&shouted)).await,
        &Failure::Exists(Thing::Name),
    );
    ports
        .rooms
        .create_group(&new_group(&name, ann, &[]))
        .await
        .unwrap();
    assert_eq!(ports.views.claimed(&shouted).await.unwrap(), Some(room));
    assert_eq!(ports.views.claimed(&unique("nothing")).await.unwrap(), None);
    let found = ports.views.search_claims(&shouted[3..], 10).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|info| (info.id, info.name.as_str()))
            .collect::<Vec<_>>(),
        [(room, &*name)]
    );
    assert!(ports.views.search_claims(&name, 0).await.unwrap().is_empty());
    assert!(ports.views.search_claims("", 10).await.unwrap().is_empty());
    // Gone with the group.
    let owner = Owner::of(ports, room).await;
    owner.change(ports, RoomChange::Dissolve { at: NOW }).await;
    assert_eq!(ports.views.claimed(&name).await.unwrap(), None);
    ports.rooms.create_group(&claiming(&shouted)).await.unwrap();
}

pub async fn accounts_are_found_by_uuid_and_by_a_part_of_their_nickname(ports: &Ports) {
    let nickname = unique("Nick%Name_");
    let new = NewAccount {
        nickname: nickname.clone(),
        ..newcomer("ann")
    };
    let ann = ports.directory.create(&new).await.unwrap();
    assert_eq!(
        ports.directory.by_uuid(&new.uuid).await.unwrap(),
        Some(ann.clone())
    );
    assert_eq!(ports.directory.by_uuid("nobody").await.unwrap(), None);
    for part in [nickname[2..].to_uppercase(), nickname.to_lowercase()] {
        assert_eq!(
            ports.directory.search_nicknames(&part, 10).await.unwrap(),
            std::slice::from_ref(&ann)
        );
    }
    let tail = &nickname[5..];
    assert!(
        ports
            .directory
            .search_nicknames(&format!("x{tail}"), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(ports.directory.search_nicknames("", 10).await.unwrap().is_empty());
}
