//! The users' store: groups of contacts.

use super::stage::{NOW, STRANGE_TEXTS, person, refused, taken_or_refused, three};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, ContactGroup, ContactGroupId};
use crate::ports::{Ports, StoreResult, UserChange, UserSaved};

const UNKNOWN: Failure = Failure::Unknown(Thing::ContactGroup);
const TAKEN: Failure = Failure::Exists(Thing::ContactGroup);

async fn change(ports: &Ports, account: AccountId, change: UserChange) -> StoreResult<UserSaved> {
    ports.users.change(account, &change).await
}

async fn add(
    ports: &Ports,
    owner: AccountId,
    name: &str,
    members: &[AccountId],
) -> StoreResult<ContactGroupId> {
    let added = UserChange::AddContactGroup {
        name: name.to_owned(),
        members: members.to_vec(),
    };
    match change(ports, owner, added).await? {
        UserSaved::Grouped(id) => Ok(id),
        other => panic!("a new group has an id, not {other:?}"),
    }
}

async fn hold(ports: &Ports, owner: AccountId, peers: &[AccountId]) {
    for &peer in peers {
        let block = UserChange::Block { peer, at: NOW };
        change(ports, owner, block).await.unwrap();
    }
}

async fn groups(ports: &Ports, owner: AccountId) -> Vec<ContactGroup> {
    ports.users.load(owner).await.unwrap().contact_groups
}

async fn members(ports: &Ports, owner: AccountId, group: ContactGroupId) -> Vec<AccountId> {
    let groups = groups(ports, owner).await;
    let group = groups.into_iter().find(|one| one.id == group);
    group.expect("the group is there").members
}

pub async fn a_contact_group_is_loaded_as_it_was_made(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    hold(ports, ann, &[bob, eve]).await;
    assert_eq!(groups(ports, ann).await, []);
    let work = add(ports, ann, "work", &[eve, bob]).await.unwrap();
    let home = add(ports, ann, "home", &[]).await.unwrap();
    let group = |id, name: &str, members: &[AccountId]| ContactGroup {
        id,
        name: name.to_owned(),
        members: members.to_vec(),
    };
    let expected = [group(work, "work", &[bob, eve]), group(home, "home", &[])];
    assert_eq!(groups(ports, ann).await, expected);
    assert_eq!(groups(ports, bob).await, []);
}

pub async fn a_name_is_one_contact_groups_alone_and_its_owners_own(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let work = add(ports, ann, "work", &[]).await.unwrap();
    refused(add(ports, ann, "work", &[]).await, &TAKEN);
    add(ports, bob, "work", &[]).await.unwrap();
    let home = add(ports, ann, "home", &[]).await.unwrap();
    let rename = |group, name: &str| UserChange::RenameContactGroup {
        group,
        name: name.to_owned(),
    };
    refused(change(ports, ann, rename(home, "work")).await, &TAKEN);
    change(ports, ann, rename(home, "home")).await.unwrap();
    change(ports, ann, rename(work, "play")).await.unwrap();
    let names: Vec<String> = groups(ports, ann).await.into_iter().map(|g| g.name).collect();
    assert_eq!(names, ["play", "home"]);
    for strange in STRANGE_TEXTS {
        taken_or_refused(change(ports, ann, rename(work, strange)).await);
        assert_eq!(groups(ports, ann).await[0].name, **strange);
    }
}

pub async fn contacts_come_into_a_group_and_go_out_of_it(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    hold(ports, ann, &[bob, eve]).await;
    let group = add(ports, ann, "work", &[]).await.unwrap();
    let put = |members: &[AccountId]| UserChange::AddToContactGroup {
        group,
        members: members.to_vec(),
    };
    let take = |members: &[AccountId]| UserChange::RemoveFromContactGroup {
        group,
        members: members.to_vec(),
    };
    change(ports, ann, put(&[bob])).await.unwrap();
    change(ports, ann, put(&[bob, eve])).await.unwrap();
    change(ports, ann, put(&[])).await.unwrap();
    assert_eq!(members(ports, ann, group).await, [bob, eve]);
    change(ports, ann, take(&[bob, ann])).await.unwrap();
    assert_eq!(members(ports, ann, group).await, [eve]);
}

pub async fn only_contacts_are_in_a_group_of_contacts(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    hold(ports, ann, &[bob]).await;
    refused(add(ports, ann, "work", &[bob, eve]).await, &Failure::NotFriends);
    assert_eq!(groups(ports, ann).await, [], "nothing is left of it");
    let group = add(ports, ann, "work", &[bob]).await.unwrap();
    let put = UserChange::AddToContactGroup {
        group,
        members: vec![eve],
    };
    refused(change(ports, ann, put).await, &Failure::NotFriends);
    change(ports, ann, UserChange::Unblock { peer: bob })
        .await
        .unwrap();
    assert_eq!(members(ports, ann, group).await, []);
    hold(ports, ann, &[bob]).await;
    assert_eq!(members(ports, ann, group).await, []);
}

pub async fn a_contact_group_is_touched_by_its_owner_alone(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    hold(ports, bob, &[ann]).await;
    let group = add(ports, ann, "work", &[]).await.unwrap();
    let members = vec![ann];
    for touch in [
        UserChange::RemoveContactGroup { group },
        UserChange::RenameContactGroup {
            group,
            name: "x".to_owned(),
        },
        UserChange::AddToContactGroup {
            group,
            members: members.clone(),
        },
        UserChange::RemoveFromContactGroup { group, members },
    ] {
        refused(change(ports, bob, touch).await, &UNKNOWN);
    }
    assert_eq!(groups(ports, ann).await.len(), 1);
}

pub async fn a_removed_contact_group_leaves_its_contacts(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    hold(ports, ann, &[bob]).await;
    let group = add(ports, ann, "work", &[bob]).await.unwrap();
    let remove = UserChange::RemoveContactGroup { group };
    change(ports, ann, remove.clone()).await.unwrap();
    refused(change(ports, ann, remove).await, &UNKNOWN);
    let left = ports.users.load(ann).await.unwrap();
    assert_eq!((left.contact_groups.len(), left.contacts.len()), (0, 1));
}

pub async fn a_contact_group_of_nobody_is_refused(ports: &Ports) {
    let made = add(ports, super::stage::NOBODY, "work", &[]).await;
    refused(made, &Failure::Unknown(Thing::Account));
    let ann = person(ports, "ann").await;
    assert_eq!(groups(ports, ann).await, []);
}
