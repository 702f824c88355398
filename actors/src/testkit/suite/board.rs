//! The store of what groups and people show of themselves, and of ratings.

use super::stage::{
    BLOBS_DUE, NOBODY, NOW, NOWHERE, STRANGE_TEXTS, group, new_group, noted_blob, person, refused, snapshot,
    three, uuid,
};
use crate::board::rules::{PICTURES_FULL, TAGS_FULL, TAGS_MAX};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, AnnouncementId, Image, PictureId, Rating, RoomId, TagId};
use crate::ports::{BoardChange, Ports, RoomChange, StoreResult, TagChange, TagsOf, UserChange};

const NO_TAG: Failure = Failure::Unknown(Thing::Tag);
const NO_PICTURE: Failure = Failure::Unknown(Thing::Picture);
const NO_ANNOUNCEMENT: Failure = Failure::Unknown(Thing::Announcement);

/// A group of Ann's.
async fn room(ports: &Ports) -> (RoomId, AccountId) {
    let ann = person(ports, "ann").await;
    let made = ports.rooms.create_group(&new_group("a group", ann, &[])).await;
    (made.expect("a group is made"), ann)
}

/// An image whose blob was noted.
async fn noted(ports: &Ports) -> Image {
    Image {
        blob: noted_blob(ports).await,
        ..image()
    }
}

fn image() -> Image {
    Image {
        blob: uuid(),
        mime: "image/png".to_owned(),
    }
}

fn add(text: &str) -> TagChange {
    TagChange::Add {
        text: text.to_owned(),
    }
}

async fn change(ports: &Ports, room: RoomId, change: BoardChange) -> StoreResult<i64> {
    ports.board.change(room, &change, NOW).await
}

async fn changed(ports: &Ports, room: RoomId, done: BoardChange) -> i64 {
    change(ports, room, done).await.expect("the board is changed")
}

pub(super) async fn tag(ports: &Ports, room: RoomId, text: &str) -> TagId {
    TagId(changed(ports, room, BoardChange::Tag(add(text))).await)
}

async fn texts(ports: &Ports, of: TagsOf) -> Vec<String> {
    let tags = ports.board.tags(of).await.expect("tags are listed");
    tags.into_iter().map(|tag| tag.text).collect()
}

/// The blobs that are due now, of those given.
async fn due(ports: &Ports, blobs: &[&str]) -> Vec<String> {
    let due = ports.tree.take_blobs(NOW, 1_000).await.expect("blobs are taken");
    let mut due: Vec<String> = due
        .into_iter()
        .filter(|blob| blobs.contains(&blob.as_str()))
        .collect();
    due.sort();
    due
}

pub async fn tags_are_kept_in_order_each_once(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let (account, group) = (TagsOf::Account(ann), TagsOf::Room(room));
    assert_eq!(texts(ports, account).await, Vec::<String>::new());
    for text in STRANGE_TEXTS.iter().filter(|text| !text.is_empty()) {
        let id = ports
            .board
            .change_tags(ann, &add(text), NOW)
            .await
            .expect("a tag is added");
        assert_eq!(ports.board.change_tags(ann, &add(text), NOW).await, Ok(id));
        assert_eq!(tag(ports, room, text).await, tag(ports, room, text).await);
    }
    let all: Vec<String> = STRANGE_TEXTS
        .iter()
        .filter(|t| !t.is_empty())
        .map(|t| (*t).to_owned())
        .collect();
    assert_eq!(
        (texts(ports, account).await, texts(ports, group).await),
        (all.clone(), all)
    );
    let tags = ports.board.tags(account).await.unwrap();
    let edit = |id, text: &str| TagChange::Edit {
        id,
        text: text.to_owned(),
    };
    assert_eq!(
        ports
            .board
            .change_tags(ann, &edit(tags[0].id, "chess"), NOW)
            .await,
        Ok(tags[0].id.0)
    );
    assert_eq!(
        ports
            .board
            .change_tags(ann, &edit(tags[0].id, "chess"), NOW)
            .await,
        Ok(tags[0].id.0)
    );
    refused(
        ports
            .board
            .change_tags(ann, &edit(tags[0].id, &tags[1].text), NOW)
            .await,
        &Failure::Exists(Thing::Tag),
    );
    let remove = TagChange::Remove { id: tags[1].id };
    assert_eq!(ports.board.change_tags(ann, &remove, NOW).await, Ok(tags[1].id.0));
    refused(ports.board.change_tags(ann, &remove, NOW).await, &NO_TAG);
    assert_eq!(texts(ports, account).await[0], "chess");
}

pub async fn tags_of_others_are_not_changed(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let bob = person(ports, "bob").await;
    let of_ann = TagId(ports.board.change_tags(ann, &add("x"), NOW).await.unwrap());
    let of_room = tag(ports, room, "x").await;
    for id in [of_ann, of_room, TagId(9_999_999)] {
        let (edit, remove) = (
            TagChange::Edit {
                id,
                text: "y".to_owned(),
            },
            TagChange::Remove { id },
        );
        refused(ports.board.change_tags(bob, &edit, NOW).await, &NO_TAG);
        refused(ports.board.change_tags(bob, &remove, NOW).await, &NO_TAG);
    }
    refused(
        change(ports, room, BoardChange::Tag(TagChange::Remove { id: of_ann })).await,
        &NO_TAG,
    );
    refused(
        ports.board.change_tags(NOBODY, &add("x"), NOW).await,
        &Failure::Unknown(Thing::Account),
    );
    refused(
        change(ports, NOWHERE, BoardChange::Tag(add("x"))).await,
        &Failure::Unknown(Thing::Room),
    );
    assert_eq!(texts(ports, TagsOf::Account(ann)).await, ["x"]);
}

pub async fn there_are_so_many_tags_and_no_more(ports: &Ports) {
    let (room, _) = room(ports).await;
    for number in 0..TAGS_MAX {
        tag(ports, room, &number.to_string()).await;
    }
    let full = Failure::Full {
        what: TAGS_FULL.to_owned(),
        max: TAGS_MAX,
    };
    refused(change(ports, room, BoardChange::Tag(add("more"))).await, &full);
    // One that is there is no more.
    tag(ports, room, "0").await;
}

pub async fn pictures_come_in_the_order_they_were_added_up_to_the_limit(ports: &Ports) {
    let (room, _) = room(ports).await;
    let (a, b) = (noted(ports).await, noted(ports).await);
    let add = |image: &Image| BoardChange::AddPicture {
        image: image.clone(),
        max: 2,
    };
    let ids = [
        changed(ports, room, add(&a)).await,
        changed(ports, room, add(&b)).await,
    ];
    let full = Failure::Full {
        what: PICTURES_FULL.to_owned(),
        max: 2,
    };
    refused(change(ports, room, add(&noted(ports).await)).await, &full);
    let pictures = ports.board.pictures(room).await.unwrap();
    let shown: Vec<(i64, &Image)> = pictures.iter().map(|p| (p.id.0, &p.image)).collect();
    assert_eq!(shown, [(ids[0], &a), (ids[1], &b)]);
    assert_eq!(
        ports.board.picture(room, PictureId(ids[1])).await.unwrap().image,
        b
    );
    let remove = BoardChange::RemovePicture {
        id: PictureId(ids[0]),
    };
    changed(ports, room, remove.clone()).await;
    refused(change(ports, room, remove).await, &NO_PICTURE);
    changed(ports, room, add(&noted(ports).await)).await;
}

pub async fn a_picture_of_another_group_is_not_found(ports: &Ports) {
    let ((here, _), (there, _)) = (room(ports).await, room(ports).await);
    let image = noted(ports).await;
    let id = PictureId(changed(ports, here, BoardChange::AddPicture { image, max: 9 }).await);
    refused(ports.board.picture(there, id).await, &NO_PICTURE);
    refused(
        change(ports, there, BoardChange::RemovePicture { id }).await,
        &NO_PICTURE,
    );
    assert!(ports.board.picture(here, id).await.is_ok());
    let announce = BoardChange::Announce {
        author: NOBODY,
        title: "t".to_owned(),
        text: String::new(),
    };
    let id = AnnouncementId(changed(ports, here, announce).await);
    refused(ports.board.announcement(there, id).await, &NO_ANNOUNCEMENT);
    refused(
        change(ports, there, BoardChange::Withdraw { id }).await,
        &NO_ANNOUNCEMENT,
    );
}

pub async fn announcements_come_newest_first_and_change(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let mut ids = Vec::new();
    for title in ["one", "two", "three"] {
        let announce = BoardChange::Announce {
            author: ann,
            title: title.to_owned(),
            text: format!("{title}: 公告 🦀"),
        };
        ids.push(AnnouncementId(changed(ports, room, announce).await));
    }
    let titles = async || {
        let all = ports.board.announcements(room).await.unwrap();
        all.into_iter().map(|a| a.title).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["three", "two", "one"]);
    let reword = |id| BoardChange::Reword {
        id,
        title: "2".to_owned(),
        text: "zwei".to_owned(),
    };
    changed(ports, room, reword(ids[1])).await;
    let two = ports.board.announcement(room, ids[1]).await.unwrap();
    assert_eq!(
        (two.author, two.text.as_str(), two.created_at, two.image),
        (ann, "zwei", NOW, None)
    );
    changed(ports, room, BoardChange::Withdraw { id: ids[2] }).await;
    assert_eq!(titles().await, ["2", "one"]);
    refused(change(ports, room, reword(ids[2])).await, &NO_ANNOUNCEMENT);
    refused(
        change(ports, room, BoardChange::Withdraw { id: ids[2] }).await,
        &NO_ANNOUNCEMENT,
    );
    refused(ports.board.announcement(room, ids[2]).await, &NO_ANNOUNCEMENT);
}

pub async fn an_announcement_has_one_picture(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let announce = BoardChange::Announce {
        author: ann,
        title: "t".to_owned(),
        text: String::new(),
    };
    let id = AnnouncementId(changed(ports, room, announce).await);
    let illustrate = |image| BoardChange::Illustrate { id, image };
    refused(change(ports, room, illustrate(None)).await, &NO_PICTURE);
    for image in [noted(ports).await, noted(ports).await] {
        changed(ports, room, illustrate(Some(image.clone()))).await;
        assert_eq!(
            ports.board.announcement(room, id).await.unwrap().image,
            Some(image)
        );
    }
    changed(ports, room, illustrate(None)).await;
    assert_eq!(ports.board.announcement(room, id).await.unwrap().image, None);
    let nowhere = BoardChange::Illustrate {
        id: AnnouncementId(id.0 + 1_000_000),
        image: Some(noted(ports).await),
    };
    refused(change(ports, room, nowhere).await, &NO_ANNOUNCEMENT);
}

pub async fn a_blob_that_was_not_noted_is_refused(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let none = Failure::Unknown(Thing::File);
    let add = BoardChange::AddPicture {
        image: image(),
        max: 9,
    };
    refused(change(ports, room, add).await, &none);
    let set = UserChange::SetAvatar {
        image: image(),
        address: "x".to_owned(),
        at: NOW,
    };
    refused(ports.users.change(ann, &set).await, &none);
    // Nor one that is about to be removed.
    let gone = noted(ports).await;
    ports.tree.take_blobs(BLOBS_DUE, 1_000).await.unwrap();
    refused(
        change(ports, room, BoardChange::AddPicture { image: gone, max: 9 }).await,
        &none,
    );
    assert_eq!(ports.users.load(ann).await.unwrap().account.avatar, "");
}

pub async fn whatever_is_taken_away_leaves_its_blob_due(ports: &Ports) {
    let (room, ann) = room(ports).await;
    let images = [
        noted(ports).await,
        noted(ports).await,
        noted(ports).await,
        noted(ports).await,
    ];
    let blobs: Vec<&str> = images.iter().map(|image| image.blob.as_str()).collect();
    let add = |image: &Image| BoardChange::AddPicture {
        image: image.clone(),
        max: 9,
    };
    let picture = PictureId(changed(ports, room, add(&images[0])).await);
    let announce = BoardChange::Announce {
        author: ann,
        title: "t".to_owned(),
        text: String::new(),
    };
    let id = AnnouncementId(changed(ports, room, announce).await);
    let illustrate = |image: &Image| BoardChange::Illustrate {
        id,
        image: Some(image.clone()),
    };
    changed(ports, room, illustrate(&images[1])).await;
    assert_eq!(due(ports, &blobs).await, Vec::<String>::new());
    changed(ports, room, BoardChange::RemovePicture { id: picture }).await;
    changed(ports, room, illustrate(&images[2])).await;
    let mut expected = vec![blobs[0].to_owned(), blobs[1].to_owned()];
    expected.sort();
    assert_eq!(due(ports, &blobs).await, expected);
    changed(ports, room, BoardChange::Withdraw { id }).await;
    expected.push(blobs[2].to_owned());
    expected.sort();
    assert_eq!(due(ports, &blobs).await, expected);
}

pub async fn a_dissolved_group_shows_what_it_had_and_changes_nothing(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let owner = group(ports, ann, &[bob]).await;
    let id = tag(ports, owner.room, "chess").await;
    owner.change(ports, RoomChange::Dissolve { at: NOW }).await;
    let changes = [
        BoardChange::Tag(add("more")),
        BoardChange::Tag(TagChange::Remove { id }),
        BoardChange::AddPicture {
            image: noted(ports).await,
            max: 9,
        },
        BoardChange::Announce {
            author: ann,
            title: "t".to_owned(),
            text: String::new(),
        },
    ];
    for done in changes {
        refused(change(ports, owner.room, done).await, &Failure::Dissolved);
    }
    assert_eq!(texts(ports, TagsOf::Room(owner.room)).await, ["chess"]);
}

fn rate(by: AccountId, ratings: &[(AccountId, f64)]) -> BoardChange {
    let ratings = ratings.iter().map(|&(account, stars)| Rating { account, stars });
    BoardChange::Rate {
        by,
        ratings: ratings.collect(),
    }
}

pub async fn everybody_rates_once_and_the_mean_counts(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let owner = group(ports, ann, &[bob, eve]).await;
    owner.change(ports, RoomChange::Dissolve { at: NOW }).await;
    assert_eq!(ports.board.stars(&[ann, bob, eve]).await.unwrap(), []);
    changed(ports, owner.room, rate(ann, &[(bob, 10.0), (eve, 0.0)])).await;
    changed(ports, owner.room, rate(eve, &[(bob, 7.5)])).await;
    refused(
        change(ports, owner.room, rate(ann, &[(bob, 1.0)])).await,
        &Failure::Forbidden("everybody rates once".to_owned()),
    );
    // Nobody is rated where somebody does not exist, and the chance is not spent.
    refused(
        change(ports, owner.room, rate(bob, &[(eve, 1.0), (NOBODY, 1.0)])).await,
        &Failure::Unknown(Thing::Account),
    );
    changed(ports, owner.room, rate(bob, &[])).await;
    let mut stars = ports.board.stars(&[ann, bob, eve]).await.unwrap();
    stars.sort_by_key(|rating| rating.account);
    let shown: Vec<(AccountId, f64)> = stars.iter().map(|r| (r.account, r.stars)).collect();
    assert_eq!(shown, [(bob, 8.75), (eve, 0.0)]);
    // In another group anew.
    let other = group(ports, ann, &[bob]).await;
    changed(ports, other.room, rate(ann, &[(bob, 8.75)])).await;
    assert_eq!(ports.board.stars(&[bob]).await.unwrap()[0].stars, 8.75);
}

pub async fn ratings_given_at_the_same_time_count_once(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let owner = group(ports, ann, &[bob]).await;
    let once = rate(ann, &[(bob, 5.0)]);
    let (a, b, c) = tokio::join!(
        change(ports, owner.room, once.clone()),
        change(ports, owner.room, once.clone()),
        change(ports, owner.room, once.clone()),
    );
    assert_eq!([a, b, c].iter().filter(|done| done.is_ok()).count(), 1);
}

pub async fn an_avatar_takes_the_place_of_the_one_before(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let owner = group(ports, ann, &[bob]).await;
    let images = [
        noted(ports).await,
        noted(ports).await,
        noted(ports).await,
        noted(ports).await,
    ];
    let blobs: Vec<&str> = images.iter().map(|image| image.blob.as_str()).collect();
    for (image, address) in images[..2].iter().zip(["first", "second"]) {
        let set = UserChange::SetAvatar {
            image: image.clone(),
            address: address.to_owned(),
            at: NOW,
        };
        ports.users.change(ann, &set).await.expect("an avatar is set");
    }
    for (image, address) in images[2..].iter().zip(["third", "fourth"]) {
        let set = RoomChange::SetAvatar {
            image: image.clone(),
            address: address.to_owned(),
            at: NOW,
        };
        owner.change(ports, set).await;
    }
    assert_eq!(ports.users.load(ann).await.unwrap().account.avatar, "second");
    assert_eq!(snapshot(ports, owner.room).await.info.avatar, "fourth");
    let found = async |index: usize| ports.board.avatar(blobs[index]).await.unwrap();
    assert_eq!((found(0).await, found(2).await), (None, None));
    assert_eq!(
        (found(1).await.as_ref(), found(3).await.as_ref()),
        (Some(&images[1]), Some(&images[3]))
    );
    let mut expected = vec![blobs[0].to_owned(), blobs[2].to_owned()];
    expected.sort();
    assert_eq!(due(ports, &blobs).await, expected);
}
