//! What operators see of a cluster, and the timing that its nodes share.

use crate::crowd::{self, acknowledged};
use crate::harness::cluster::ADMIN;
use crate::harness::{Cluster, ClusterPlan};
use crate::{alone, metric};
use std::process::Command;

/// Runs `roost cluster status` at a node. Its output, and whether it succeeded.
fn status(address: std::net::SocketAddr, token: &str, more: &[&str]) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_roost"))
        .args([
            "cluster",
            "status",
            "--url",
            &format!("http://{address}"),
            "--admin-token",
            token,
        ])
        .args(more)
        .output()
        .expect("roost runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.success())
}

#[tokio::test]
async fn an_operator_sees_members_rooms_links_and_epochs_at_any_node() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(3).start().await;
    let members = crowd::make(&cluster.nodes[0], &["ann", "bob"]).await;
    let group = crowd::group(&cluster.nodes[0], &members).await;
    for node in &cluster.nodes {
        acknowledged(&members[0].saying(node, group, "hello").send().await).expect("a post is taken");
        let (table, good) = status(node.address, ADMIN, &[]);
        assert!(good, "{table}");
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[0],
            [
                "node", "epoch", "state", "rooms", "users", "sessions", "http", "links"
            ]
        );
        let names: Vec<&str> = lines[1..].iter().map(|line| line[0]).collect();
        assert_eq!(names, ["a", "b", "c"], "{table}");
        assert_eq!(
            (lines[1][2], &lines[1][7..]),
            ("serves", &["b", "c"][..]),
            "{table}"
        );
        let rooms: i64 = lines[1..]
            .iter()
            .map(|line| line[3].parse::<i64>().expect("a number"))
            .sum();
        assert_eq!(rooms, 1, "{table}");
    }
    let (json, good) = status(cluster.nodes[1].address, ADMIN, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("json");
    assert!(
        good && json["members"]
            .as_array()
            .is_some_and(|members| members.len() == 3),
        "{json}"
    );
    let (place, good) = status(cluster.nodes[2].address, ADMIN, &["--room", &group.to_string()]);
    let (owner, epoch) = crate::owner(&cluster, group).await.expect("an owner");
    let name = crate::harness::cluster::name(owner);
    assert!(
        good && place.contains(&format!("lives on {name} under epoch {epoch}:")),
        "{place}"
    );
    let (refused, good) = status(cluster.nodes[2].address, ADMIN, &["--room", "999999"]);
    assert!(!good && refused.contains("404"), "{refused}");
    let (refused, good) = status(cluster.nodes[2].address, "a guess", &[]);
    assert!(!good && refused.contains("403"), "{refused}");
    counted(&cluster).await;
}

/// What every node counts of the cluster, in which one room lives.
async fn counted(cluster: &Cluster) {
    let mut owned = 0.0;
    for node in 0..3 {
        assert_eq!(metric(cluster, node, "roost_cluster_members").await, 3.0);
        assert_eq!(metric(cluster, node, "roost_cluster_links_up").await, 2.0);
        for name in [
            "envelopes_sent",
            "bytes_sent",
            "envelopes_received",
            "bytes_received",
        ] {
            assert!(
                metric(cluster, node, &format!("roost_cluster_{name}_total")).await > 0.0,
                "{name}"
            );
        }
        for name in ["envelopes_refused", "hand_overs", "fenced_batches", "repairs"] {
            metric(cluster, node, &format!("roost_cluster_{name}_total")).await;
        }
        owned += metric(cluster, node, "roost_cluster_rooms_owned").await;
    }
    assert_eq!(owned, 1.0);
}

#[tokio::test]
async fn nodes_with_another_timing_are_refused_and_told_the_key() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(1).start().await;
    let stranger = cluster.prepare(&[]).await;
    let file = cluster.file(stranger);
    let text = std::fs::read_to_string(&file).expect("a cluster file");
    for (line, words) in [
        (
            "heartbeat_ms = 400",
            "cluster.heartbeat_ms in the cluster file: the nodes of cluster \"roost-test\" have 500",
        ),
        ("dead_after_ms = 3000", "have 2000, this one has 3000"),
        ("dead_after_ms = 1000", "expected at least 3 times heartbeat_ms"),
    ] {
        let changed = text.replace("\n\n[[node]]", &format!("\n{line}\n\n[[node]]"));
        std::fs::write(&file, changed).expect("a cluster file");
        let (code, log) = cluster.nodes[stranger].run_in_vain(&[]).await;
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(words), "{log}");
    }
    let status = cluster.status(0).await;
    assert_eq!(status["members"].as_array().map(Vec::len), Some(1), "{status}");
}
