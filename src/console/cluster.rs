//! `GET /admin/api/v1/cluster`: who is a member, and what lives on each.

use super::State;
use super::guard::Operator;
use actix_web::{HttpResponse, web};
use roost_actors::cluster::{Member, NodeCensus};
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    members: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    incarnation: i64,
    http: String,
    peer: String,
    draining: bool,
    /// What lives there; nothing when the node does not answer.
    census: Option<Census>,
}

#[derive(Serialize)]
struct Census {
    rooms: usize,
    users: usize,
    sessions: u64,
    followed_rooms: usize,
    followed_accounts: usize,
    links: Vec<String>,
}

pub async fn status(_: Operator, state: web::Data<State>) -> HttpResponse {
    let members = match state.node.cluster() {
        Some(cluster) => cluster.census().await,
        None => Vec::new(),
    };
    let members = members
        .into_iter()
        .map(|(member, census)| row(member, census))
        .collect();
    HttpResponse::Ok().json(Status { members })
}

fn row(member: Member, census: Option<NodeCensus>) -> Row {
    Row {
        name: member.name.to_string(),
        incarnation: member.incarnation.0,
        http: member.http,
        peer: member.peer,
        draining: member.draining,
        census: census.map(|census| Census {
            rooms: census.rooms,
            users: census.users,
            sessions: census.sessions,
            followed_rooms: census.followed_rooms,
            followed_accounts: census.followed_accounts,
            links: census.links,
        }),
    }
}
