//! Files of conversations go after twenty days, by whichever node has the job. The clock is moved by hand.

use bytes::Bytes;
use futures_util::stream;
use roost::blobs::NotedBlobs;
use roost_actors::model::{AccountId, FileId, FilePlace, RoomId, SharedFile};
use roost_actors::node::NodeOptions;
use roost_actors::ports::{BlobId, BlobStore, Clock};
use roost_actors::testkit::{MemoryBlobs, World};
use roost_actors::{Failure, Node, Thing};
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn node(world: &World, name: &str) -> Node {
    let options = NodeOptions {
        name: name.to_owned(),
        workers: 1,
        idle_ms: 1_000,
    };
    Node::start(options, world.ports())
}

async fn give(world: &World, blobs: &Arc<MemoryBlobs>) -> (FileId, BlobId) {
    let id = BlobId::random(world.clock.as_ref()).unwrap();
    let bytes = stream::once(async { Ok(Bytes::from_static(b"the file")) });
    let noted = NotedBlobs::new(blobs.clone(), world.ports().tree, world.clock.clone());
    noted.put(&id, Box::pin(bytes), 1_000).await.unwrap();
    let file = SharedFile {
        id: FileId(0),
        place: FilePlace::Group(RoomId(1)),
        owner: AccountId::FIRST,
        blob: id.to_string(),
        mime: String::new(),
        name: "a".to_owned(),
        len: 8,
        created_at: world.clock.now(),
    };
    (world.ports().files.add(&file).await.unwrap().id, id)
}

async fn is_there(world: &World, blobs: &MemoryBlobs, (file, blob): &(FileId, BlobId)) -> (bool, bool) {
    let row = world.ports().files.file(*file).await.unwrap();
    (row.is_some(), blobs.stat(blob).await.is_ok())
}

#[actix_web::test]
async fn a_file_goes_after_twenty_days_and_not_before() {
    let world = World::frozen();
    let blobs = Arc::new(MemoryBlobs::new(world.clock.clone()));
    let node = node(&world, "a");
    let old = give(&world, &blobs).await;
    world.clock.advance(DAY_MS);
    let young = give(&world, &blobs).await;
    world.clock.advance(19 * DAY_MS - 1);
    assert_eq!(node.sweep_files(blobs.as_ref()).await, Ok(0));
    assert_eq!(is_there(&world, &blobs, &old).await, (true, true));
    world.clock.advance(1);
    assert_eq!(node.sweep_files(blobs.as_ref()).await, Ok(1));
    assert_eq!(is_there(&world, &blobs, &old).await, (false, false));
    assert_eq!(is_there(&world, &blobs, &young).await, (true, true));
}

#[actix_web::test]
async fn more_files_than_one_batch_go_in_one_sweep() {
    let world = World::frozen();
    let blobs = Arc::new(MemoryBlobs::new(world.clock.clone()));
    for _ in 0..250 {
        give(&world, &blobs).await;
    }
    world.clock.advance(20 * DAY_MS);
    assert_eq!(node(&world, "a").sweep_files(blobs.as_ref()).await, Ok(250));
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
}

#[actix_web::test]
async fn a_node_leaves_the_job_to_another_that_has_it() {
    let world = World::frozen();
    let blobs = Arc::new(MemoryBlobs::new(world.clock.clone()));
    let (a, b) = (node(&world, "a"), node(&world, "b"));
    let file = give(&world, &blobs).await;
    world.clock.advance(20 * DAY_MS);
    let now = world.clock.now();
    // As if `b` had died over it.
    let jobs = world.ports().jobs;
    assert!(
        jobs.claim("forget old files", "b", now, now.plus_ms(60_000))
            .await
            .unwrap()
    );
    assert_eq!(a.sweep_files(blobs.as_ref()).await, Ok(0));
    assert_eq!(is_there(&world, &blobs, &file).await, (true, true));
    world.clock.advance(60_000);
    assert_eq!(a.sweep_files(blobs.as_ref()).await, Ok(1));
    assert_eq!(b.sweep_files(blobs.as_ref()).await, Ok(0));
    assert_eq!(is_there(&world, &blobs, &file).await, (false, false));
}

#[actix_web::test]
async fn a_file_past_its_time_is_unknown_even_before_the_sweep() {
    let world = World::frozen();
    let blobs = Arc::new(MemoryBlobs::new(world.clock.clone()));
    let node = node(&world, "a");
    let _worker = node.join_worker();
    let (file, _) = give(&world, &blobs).await;
    assert_eq!(node.directory().file(file).await.map(|file| file.id), Ok(file));
    node.directory().put_ticket([7; 32], file).await.unwrap();
    world.clock.advance(20 * DAY_MS);
    let gone = Err(Failure::Unknown(Thing::File));
    assert_eq!(node.directory().file(file).await, gone);
    assert_eq!(node.directory().take_ticket([7; 32]).await, gone);
}
