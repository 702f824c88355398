//! Who is online, whichever node of a cluster they are on.

use crate::harness::{Server, Storage};
use crate::person::{PASSWORD, Person, column, enter, succeeded};
use std::net::TcpListener;
use std::time::Duration;

/// How long nodes may take to learn of a session on another one.
const TRIES: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

async fn two_nodes(folder: &tempfile::TempDir) -> (Server, Server) {
    let file = folder.path().join("cluster.toml").display().to_string();
    let settings = |node: &'static str| {
        [
            ("ROOST__CLUSTER__FILE", file.clone()),
            ("ROOST__CLUSTER__NODE", node.to_owned()),
            ("ROOST__CLUSTER__SECRET", "a secret of this test".to_owned()),
        ]
    };
    let prepare = async |node, url: Option<&str>| {
        let mut more: Vec<(&str, String)> = settings(node).to_vec();
        more.extend(url.map(|url| ("ROOST__STORAGE__URL", url.to_owned())));
        let more: Vec<(&str, &str)> = more.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Server::prepare(Storage::Postgres, &more).await
    };
    let mut one = prepare("a", None).await;
    let url = one.database_url().expect("a database").to_owned();
    let mut two = prepare("b", Some(&url)).await;
    let mut text = "[cluster]\nid = \"online\"\n".to_owned();
    for (node, server) in [("a", &one), ("b", &two)] {
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let peer = probe.local_addr().expect("its address");
        text.push_str(&format!(
            "[[node]]\nid = \"{node}\"\nhttp = \"{}\"\npeer = \"{peer}\"\n",
            server.address
        ));
    }
    std::fs::write(&file, text).expect("a cluster file");
    one.run().await;
    two.run().await;
    (one, two)
}

async fn on<'a>(server: &'a Server, name: &str) -> Person<'a> {
    let answer = enter(server, "login/basic", name, PASSWORD).await;
    let token = succeeded(&answer)["result"]["token"].as_str().unwrap().to_owned();
    let mut person = Person { server, id: 0, token };
    let me = person.get("me/info", &[]).await;
    person.id = me["result"]["account"]["id"].as_i64().unwrap();
    person
}

/// Waits until both nodes show all friends of ann as this.
async fn all_become(people: [&Person<'_>; 2], expected: &str) {
    let mut shown = Vec::new();
    for _ in 0..TRIES {
        shown.clear();
        for ann in people {
            let friends = ann.get("friends", &[]).await["result"].take();
            for account in column(&friends, "account") {
                shown.push(account["onlineStatus"].as_str().unwrap().to_owned());
            }
        }
        if shown.iter().all(|status| status == expected) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("not all are {expected}: {shown:?}");
}

#[tokio::test]
async fn sessions_on_every_node_make_their_accounts_online() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (one, two) = two_nodes(&folder).await;
    let ann = Person::register(&one, "ann").await;
    let ann_on_two = on(&two, "ann").await;
    let mut sockets = Vec::new();
    // Some are at home here and some there.
    for number in 0..6 {
        let name = format!("friend {number}");
        let friend = Person::register(&one, &name).await;
        ann.befriend(&friend).await;
        let friend = on(if number % 2 == 0 { &one } else { &two }, &name).await;
        sockets.push(friend.open_socket().await);
    }
    all_become([&ann, &ann_on_two], "online").await;
    let found = ann.get("friends/search", &[("account", "friend 1")]).await["result"].take();
    assert_eq!(column(&found, "onlineStatus"), ["online"]);
    drop(sockets);
    all_become([&ann, &ann_on_two], "offline").await;
}
