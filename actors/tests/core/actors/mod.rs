//! The actors on a real system of threads, over the store in memory and its faults.

mod load;
mod passivation;
mod screen;
mod sessions;
mod storage;
mod supervision;

use roost_actors::hub::Hub;
use roost_actors::model::{
    AccountId, Caller, ChatMessage, HistoryQuery, NewAccount, NewGroup, Place, Post, RoomId, RoomRules,
    Timestamp,
};
use roost_actors::node::NodeOptions;
use roost_actors::testkit::World;
use roost_actors::{Failure, Node};
use std::time::Duration;

/// A node of two threads over a world in memory.
struct Town {
    world: World,
    node: Node,
    /// The hub of the thread that the test runs on.
    hub: Hub,
    ann: AccountId,
    bob: AccountId,
}

impl Town {
    /// A node whose rooms are never idle.
    async fn new() -> Town {
        Town::with_idle_ms(i64::MAX).await
    }

    async fn with_idle_ms(idle_ms: i64) -> Town {
        let world = World::running();
        let options = NodeOptions {
            name: "a-node".to_owned(),
            workers: 2,
            idle_ms,
        };
        let node = Node::start(options, world.ports());
        let hub = node.join_worker();
        let other = node.clone();
        let (done, wait) = tokio::sync::oneshot::channel();
        actix::Arbiter::new().spawn_fn(move || {
            drop(other.join_worker());
            done.send(()).expect("the test waits");
        });
        wait.await.expect("the second thread joins");
        let (ann, bob) = (register(&node, "ann").await, register(&node, "bob").await);
        Town {
            world,
            node,
            hub,
            ann,
            bob,
        }
    }

    /// A group of ann and bob.
    async fn group(&self) -> RoomId {
        let group = NewGroup {
            name: "a group".to_owned(),
            avatar: String::new(),
            intro: String::new(),
            owner: self.ann,
            members: vec![self.bob],
            owner_joins: true,
            member_limit: 500,
            rules: RoomRules::default(),
            place: Place::default(),
            super_group: false,
            category: String::new(),
            claims_name: false,
            created_at: Timestamp(0),
        };
        self.node
            .directory()
            .create_group(group)
            .await
            .expect("a group is made")
    }

    async fn say(&self, room: RoomId, body: &str) -> Result<ChatMessage, Failure> {
        say(&self.node, room, self.ann, body).await
    }

    /// What is stored in a room, as its bodies; asserts that no seq is missing.
    async fn transcript(&self, room: RoomId) -> Vec<String> {
        let page = self
            .world
            .ports()
            .rooms
            .page(room, &HistoryQuery::all())
            .await
            .expect("a page");
        let seqs: Vec<i64> = page.messages.iter().map(|m| m.seq.0).collect();
        assert_eq!(
            seqs,
            (1..=seqs.len() as i64).collect::<Vec<_>>(),
            "seqs of room {room}"
        );
        page.messages.iter().map(|m| m.body.to_string()).collect()
    }
}

async fn register(node: &Node, name: &str) -> AccountId {
    let account = NewAccount {
        username: Some(name.to_owned()),
        nickname: name.to_owned(),
        ..NewAccount::default()
    };
    node.directory()
        .register(account, None)
        .await
        .expect("an account is made")
        .id
}

async fn say(node: &Node, room: RoomId, who: AccountId, body: &str) -> Result<ChatMessage, Failure> {
    node.room(room).post(Caller::person(who), Post::text(body)).await
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Waits until something holds, for at most five seconds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        pause(10).await;
    }
    panic!("not within five seconds: {what}");
}
