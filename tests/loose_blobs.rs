//! Bytes that nothing refers to any more go when they are due, and none that something refers to. The clock is moved by hand.

use bytes::Bytes;
use futures_util::stream;
use roost::blobs::NotedBlobs;
use roost_actors::model::{
    AccountId, Caller, FileId, FilePlace, NewAccount, NewGroup, Place, RoomId, RoomRules, SharedFile, Spot,
    Timestamp, TreeContent, TreeItem, Upload,
};
use roost_actors::node::NodeOptions;
use roost_actors::ports::{BlobId, BlobStore, Clock, StoreError};
use roost_actors::testkit::{CommitFault, MemoryBlobs, World};
use roost_actors::{Failure, Node};
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const QUOTA: i64 = 1_000;

/// A node with a group of Ann's, and the store that uploads go through.
struct Scene {
    world: World,
    node: Node,
    noted: NotedBlobs,
    blobs: Arc<MemoryBlobs>,
    room: RoomId,
    ann: Caller,
    _worker: roost_actors::hub::Hub,
}

async fn scene() -> Scene {
    let world = World::frozen();
    let options = NodeOptions {
        name: "a".to_owned(),
        workers: 1,
        idle_ms: 1_000,
    };
    let node = Node::start(options, world.ports());
    let worker = node.join_worker();
    let ann = NewAccount {
        username: Some("ann".to_owned()),
        ..NewAccount::default()
    };
    let ann: AccountId = node.directory().register(ann, None).await.unwrap().id;
    let group = NewGroup {
        name: "a group".to_owned(),
        avatar: String::new(),
        intro: String::new(),
        owner: ann,
        members: Vec::new(),
        owner_joins: true,
        member_limit: 10,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: Timestamp(0),
    };
    let room = node.directory().create_group(group).await.unwrap();
    let blobs = Arc::new(MemoryBlobs::new(world.clock.clone()));
    let noted = NotedBlobs::new(blobs.clone(), world.ports().tree, world.clock.clone());
    Scene {
        world,
        node,
        noted,
        blobs,
        room,
        ann: Caller::person(ann),
        _worker: worker,
    }
}

impl Scene {
    /// Uploads eight bytes.
    async fn upload(&self) -> TreeContent {
        let id = BlobId::random(self.world.clock.as_ref()).unwrap();
        let bytes = stream::once(async { Ok(Bytes::from_static(b"the file")) });
        let stat = self.noted.put(&id, Box::pin(bytes), 1_000).await.unwrap();
        TreeContent {
            blob: stat.id.to_string(),
            mime: String::new(),
            len: 8,
            duration_ms: 0,
        }
    }

    async fn keep(&self, spot: Spot, name: &str) -> TreeItem {
        let content = Some(self.upload().await);
        let room = self.node.room(self.room);
        room.add_file(self.ann, spot, name.to_owned(), content, QUOTA)
            .await
            .unwrap()
    }

    /// A file under a key of Ann's, on its way to be kept.
    async fn put_up(&self, key: &str) -> Upload {
        let content = self.upload().await;
        Upload {
            owner: self.ann.account,
            key: key.to_owned(),
            blob: content.blob,
            mime: content.mime,
            sha256: key.to_owned(),
            len: content.len,
            created_at: Timestamp(0),
        }
    }

    /// A file of the group's conversation, on its way to be kept.
    async fn share(&self) -> SharedFile {
        let content = self.upload().await;
        SharedFile {
            id: FileId(0),
            place: FilePlace::Group(self.room),
            owner: self.ann.account,
            blob: content.blob,
            mime: content.mime,
            name: "a".to_owned(),
            len: content.len,
            created_at: Timestamp(0),
        }
    }

    async fn has(&self, item: &TreeItem) -> bool {
        let blob = &item.content.as_ref().unwrap().blob;
        self.blobs.stat(&BlobId::parse(blob).unwrap()).await.is_ok()
    }

    async fn sweep(&self, chat_kept_ms: Option<i64>) -> u64 {
        self.node
            .sweep_blobs(self.blobs.as_ref(), chat_kept_ms)
            .await
            .unwrap()
    }

    async fn stored(&self) -> usize {
        self.blobs.list(None, 1_000).await.unwrap().len()
    }
}

#[actix_web::test]
async fn the_bytes_of_a_removed_folder_go_with_the_next_sweep_and_no_others() {
    let scene = scene().await;
    let room = scene.node.room(scene.room);
    let folder = room
        .add_file(scene.ann, Spot::Folder(None), "folder".to_owned(), None, QUOTA)
        .await
        .unwrap();
    let inside = scene.keep(Spot::Folder(Some(folder.id)), "inside").await;
    let beside = scene.keep(Spot::Folder(None), "beside").await;
    let given = scene.keep(Spot::Chat, "given").await;
    room.remove_file(scene.ann, folder.id).await.unwrap();
    assert!(scene.has(&inside).await);
    assert_eq!(scene.sweep(None).await, 1);
    assert!(!scene.has(&inside).await && scene.has(&beside).await && scene.has(&given).await);
    scene.world.clock.advance(1_000 * DAY_MS);
    assert_eq!(scene.sweep(None).await, 0);
    assert!(scene.has(&beside).await && scene.has(&given).await);
}

#[actix_web::test]
async fn an_upload_that_nobody_kept_goes_after_a_day() {
    let scene = scene().await;
    // As if the node had died between the upload and keeping it.
    scene.upload().await;
    let kept = scene.keep(Spot::Folder(None), "kept").await;
    scene.world.clock.advance(DAY_MS - 1);
    assert_eq!((scene.sweep(None).await, scene.stored().await), (0, 2));
    scene.world.clock.advance(1);
    assert_eq!((scene.sweep(None).await, scene.stored().await), (1, 1));
    assert!(scene.has(&kept).await);
}

#[actix_web::test]
async fn a_file_whose_keeping_is_in_doubt_is_kept_or_goes_and_never_half() {
    for (fault, kept) in [(CommitFault::LostAfter, 1), (CommitFault::LostBefore, 0)] {
        let scene = scene().await;
        let content = scene.upload().await;
        scene.world.memory.fail_change(fault);
        let item = TreeItem {
            id: FileId(0),
            room: scene.room,
            spot: Spot::Folder(None),
            owner: scene.ann.account,
            name: "a".to_owned(),
            content: Some(content),
            created_at: Timestamp(0),
        };
        let add = roost_actors::ports::TreeChange::Add {
            item,
            quota_bytes: QUOTA,
        };
        let kept_or_not = scene.world.ports().tree.change(scene.room, &add).await;
        assert!(matches!(kept_or_not, Err(StoreError::Unknown(_))));
        scene.world.clock.advance(DAY_MS);
        scene.sweep(None).await;
        let listed = scene
            .node
            .room(scene.room)
            .list_files(scene.ann, None)
            .await
            .unwrap();
        assert_eq!((listed.len(), scene.stored().await), (kept, kept));
    }
}

#[actix_web::test]
async fn files_under_keys_and_of_conversations_stay_and_what_came_of_no_upload_goes_after_a_day() {
    let scene = scene().await;
    let directory = scene.node.directory();
    let kept = directory
        .add_upload(scene.put_up("key").await, QUOTA)
        .await
        .unwrap();
    let shared = directory.add_file(scene.share().await).await.unwrap();
    // As if the node had died between the uploads and keeping them.
    scene.put_up("other").await;
    scene.share().await;
    // Found under its key already: the one that came later is nobody's.
    let twin = directory.add_upload(scene.put_up("key").await, QUOTA).await;
    assert_eq!(twin, Ok(kept.clone()));
    scene.world.clock.advance(DAY_MS - 1);
    assert_eq!((scene.sweep(None).await, scene.stored().await), (0, 5));
    scene.world.clock.advance(1);
    assert_eq!((scene.sweep(None).await, scene.stored().await), (3, 2));
    for blob in [&kept.blob, &shared.blob] {
        let blob = BlobId::parse(blob).unwrap();
        assert!(scene.blobs.stat(&blob).await.is_ok());
    }
}

/// What an upload whose outcome was lost has come to, for each way in which it can be.
const LOST: [(CommitFault, usize); 3] = [
    (CommitFault::LostAfter, 1),
    (CommitFault::Late { ms: 50 }, 1),
    (CommitFault::LostBefore, 0),
];

#[actix_web::test]
async fn an_upload_whose_keeping_is_in_doubt_is_kept_with_its_bytes_or_goes_with_them() {
    for (fault, kept) in LOST {
        let scene = scene().await;
        let directory = scene.node.directory();
        let upload = scene.put_up("key").await;
        scene.world.memory.fail_change(fault);
        let in_doubt = directory.add_upload(upload.clone(), QUOTA).await;
        assert_eq!(in_doubt, Err(Failure::OutcomeUnknown), "{fault:?}");
        // Waits for a transaction that still runs.
        let found = directory.upload(upload.owner, upload.key).await;
        scene.world.clock.advance(DAY_MS);
        scene.sweep(None).await;
        assert_eq!(
            (usize::from(found.is_ok()), scene.stored().await),
            (kept, kept),
            "{fault:?}"
        );
    }
}

#[actix_web::test]
async fn a_conversations_file_whose_keeping_is_in_doubt_is_kept_with_its_bytes_or_goes_with_them() {
    for (fault, kept) in LOST {
        let scene = scene().await;
        let directory = scene.node.directory();
        let file = scene.share().await;
        scene.world.memory.fail_change(fault);
        let in_doubt = directory.add_file(file).await;
        assert_eq!(in_doubt, Err(Failure::OutcomeUnknown), "{fault:?}");
        let found = directory.file(FileId(1)).await;
        scene.world.clock.advance(DAY_MS);
        scene.sweep(None).await;
        assert_eq!(
            (usize::from(found.is_ok()), scene.stored().await),
            (kept, kept),
            "{fault:?}"
        );
    }
}

#[actix_web::test]
async fn files_of_chats_go_after_the_days_an_operator_set() {
    let scene = scene().await;
    let mut old = Vec::new();
    for n in 0..120 {
        old.push(scene.keep(Spot::Chat, &format!("{n}")).await);
    }
    let in_tree = scene.keep(Spot::Folder(None), "stays").await;
    scene.world.clock.advance(DAY_MS);
    let young = scene.keep(Spot::Chat, "young").await;
    scene.world.clock.advance(DAY_MS - 1);
    assert_eq!(scene.sweep(Some(2 * DAY_MS)).await, 0);
    scene.world.clock.advance(1);
    assert_eq!(scene.sweep(Some(2 * DAY_MS)).await, 120);
    assert!(!scene.has(&old[0]).await && scene.has(&in_tree).await && scene.has(&young).await);
}

#[actix_web::test]
async fn a_node_leaves_the_sweeping_to_another_that_has_it() {
    let scene = scene().await;
    scene.upload().await;
    scene.world.clock.advance(DAY_MS);
    let now = scene.world.clock.now();
    let jobs = scene.world.ports().jobs;
    // As if `b` had died over it.
    assert!(
        jobs.claim("remove loose blobs", "b", now, now.plus_ms(60_000))
            .await
            .unwrap()
    );
    assert_eq!((scene.sweep(None).await, scene.stored().await), (0, 1));
    scene.world.clock.advance(60_000);
    assert_eq!((scene.sweep(None).await, scene.stored().await), (1, 0));
}
