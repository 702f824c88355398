//! Nodes trust only nodes: a wrong secret, another cluster, rubbish on the port of links, and TLS.

use crate::checker::next_message;
use crate::crowd::{self, Member, acknowledged};
use crate::harness::cluster::{SECRET, write_file};
use crate::harness::{Cluster, ClusterPlan, Server, Storage};
use crate::{alone, until};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOTICED_WITHIN: Duration = Duration::from_secs(20);

/// People whose words cross nodes when all is well.
struct Probe {
    members: Vec<Member>,
    group: i64,
}

impl Probe {
    async fn of(cluster: &Cluster) -> Probe {
        let members = crowd::make(&cluster.nodes[0], &["ann", "bob"]).await;
        let group = crowd::group(&cluster.nodes[0], &members).await;
        Probe { members, group }
    }

    /// A message said at one node is heard at another.
    async fn is_heard(&self, cluster: &Cluster) {
        let (first, last) = (&cluster.nodes[0], &cluster.nodes[cluster.nodes.len() - 1]);
        let mut bobs = self.members[1].open(last).await;
        let sent = self.members[0].saying(first, self.group, "well?").send().await;
        let id = acknowledged(&sent).expect("a post is taken");
        let heard = tokio::time::timeout(NOTICED_WITHIN, next_message(&mut bobs)).await;
        let heard = heard.expect("a message in time").expect("the socket lives");
        assert!(heard.contains(&format!("\"id\":{id},")), "{heard}");
        bobs.close().await;
    }
}

fn links(node: &Server) -> String {
    node.setting("ROOST__CLUSTER__LISTEN")
        .expect("a place for links")
        .to_owned()
}

#[tokio::test]
async fn a_node_that_does_not_belong_is_refused_by_the_database_and_told_the_key() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(1).start().await;
    let stranger = cluster.prepare(&[]).await;
    let node = &cluster.nodes[stranger];
    let (code, log) = node.run_in_vain(&[("ROOST__CLUSTER__SECRET", "a guess")]).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("cluster.secret"), "{log}");
    write_file(
        &cluster.file(stranger),
        "another",
        "b",
        &node.address.to_string(),
        &links(node),
    );
    let (code, log) = node.run_in_vain(&[]).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("cluster.id"), "{log}");
    // A node without a file is refused too, and all of them left nothing behind.
    let alone = Server::prepare(Storage::Sqlite, &[("ROOST__STORAGE__URL", &cluster.url)]).await;
    let (code, log) = alone.run_in_vain(&[]).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("cluster.file"), "{log}");
    let status = cluster.status(0).await;
    assert_eq!(status["members"].as_array().map(Vec::len), Some(1), "{status}");
    cluster.nodes.truncate(1);
    Probe::of(&cluster).await.is_heard(&cluster).await;
}

#[tokio::test]
async fn a_peer_with_another_secret_or_of_another_cluster_is_refused_on_the_link() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(2).start().await;
    let probe = Probe::of(&cluster).await;
    for (key, value, words) in [
        ("ROOST__CLUSTER__SECRET", "a guess", "cluster.secret differs"),
        ("id", "another", "cluster.id differs"),
    ] {
        // A cluster with a database of its own, in which somebody wrote our node's address.
        let mut strangers = ClusterPlan::of(0).start().await;
        let number = strangers.prepare(&[]).await;
        if key == "id" {
            let node = &strangers.nodes[number];
            write_file(
                &strangers.file(number),
                value,
                "a",
                &node.address.to_string(),
                &links(node),
            );
        } else {
            strangers.nodes[number].set(key, value);
        }
        strangers.nodes[number].run().await;
        let (client, connection) = tokio_postgres::connect(&strangers.url, tokio_postgres::NoTls)
            .await
            .expect("the database");
        tokio::spawn(connection);
        // As many incarnations as our cluster has given out: the dialler asks for the life it read of.
        let sql = "INSERT INTO nodes (incarnation, name, http, peer, heard_at) VALUES (2, 'b', 'x:1', $1, now_ms() + 600000)
                   ON CONFLICT (incarnation) DO NOTHING";
        client
            .execute(sql, &[&links(&cluster.nodes[1])])
            .await
            .expect("a row");
        let asked = &cluster.nodes[1];
        until(
            "a line in the log of the node that was called",
            NOTICED_WITHIN,
            async || {
                let log = asked.log();
                let refused = log
                    .lines()
                    .any(|line| line.contains("a link was refused") && line.contains(words));
                let told = strangers.nodes[number].log().contains(words);
                (refused || told).then_some(())
            },
        )
        .await;
        probe.is_heard(&cluster).await;
    }
    cluster.unbroken();
}

#[tokio::test]
async fn rubbish_on_the_port_of_links_is_refused_and_harms_nobody() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(2).start().await;
    let probe = Probe::of(&cluster).await;
    let node = &cluster.nodes[1];
    let address = links(node);
    let refusals = |log: &str| log.matches("a link was refused").count();
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let pieces: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\x00\x00\x05hello",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x10\x00\x96\xaaroost-link",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &noise,
    ];
    for bytes in pieces {
        let before = refusals(&node.log());
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        // It may be ended before all is sent.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(NOTICED_WITHIN, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection is ended: {bytes:?}");
        until("a line in the log", NOTICED_WITHIN, async || {
            (refusals(&node.log()) > before).then_some(())
        })
        .await;
    }
    // More that say nothing than may shake hands at a time: they are let go of, and links still come about.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(&address).await.expect("a connection"));
    }
    probe.is_heard(&cluster).await;
    drop(silent);
    cluster.unbroken();
}

/// An authority and a certificate of its own for this machine, as files.
fn certificates(folder: &Path) -> [String; 3] {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("an authority");
    let issuer = Issuer::new(params, key);
    let node_key = KeyPair::generate().expect("a key");
    let node = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .expect("parameters")
        .signed_by(&node_key, &issuer)
        .expect("a certificate");
    let files = [
        ("node.pem", node.pem()),
        ("node.key", node_key.serialize_pem()),
        ("authority.pem", authority.pem()),
    ];
    files.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    })
}

#[tokio::test]
async fn links_over_tls_carry_everything_and_take_nobody_without_a_certificate() {
    let _alone = alone().await;
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key, authority] = certificates(folder.path());
    let mut cluster = ClusterPlan::of(2)
        .set("ROOST__CLUSTER__TLS_CERTIFICATE", &certificate)
        .set("ROOST__CLUSTER__TLS_KEY", &key)
        .set("ROOST__CLUSTER__TLS_AUTHORITY", &authority)
        .start()
        .await;
    let probe = Probe::of(&cluster).await;
    probe.is_heard(&cluster).await;
    // A node of the same cluster and secret whose certificate another authority made.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let [certificate, key, authority] = certificates(elsewhere.path());
    let stranger = cluster
        .prepare(&[
            ("ROOST__CLUSTER__SECRET", SECRET),
            ("ROOST__CLUSTER__TLS_CERTIFICATE", &certificate),
            ("ROOST__CLUSTER__TLS_KEY", &key),
            ("ROOST__CLUSTER__TLS_AUTHORITY", &authority),
        ])
        .await;
    cluster.nodes[stranger].run().await;
    until("the nodes refuse its certificate", NOTICED_WITHIN, async || {
        let said = |node: &Server| node.log().to_lowercase().contains("certificate");
        (said(&cluster.nodes[0]) || said(&cluster.nodes[1]) || said(&cluster.nodes[stranger])).then_some(())
    })
    .await;
    let status = cluster.status(0).await;
    let links = status["members"][0]["census"]["links"].clone();
    assert_eq!(links, serde_json::json!(["b"]), "{status}");
    cluster.nodes[stranger].stop().await;
    cluster.nodes.truncate(stranger);
    until("the stranger is gone", NOTICED_WITHIN, async || {
        (cluster.status(0).await["members"].as_array().map(Vec::len) == Some(2)).then_some(())
    })
    .await;
    probe.is_heard(&cluster).await;
}
