//! `GET /admin/api/v1/cluster`: who is a member, and what lives on each; `cluster/rooms/{room}`: where a room lives.

use super::State;
use super::guard::{Operator, Refusal};
use actix_web::{HttpResponse, web};
use roost_actors::cluster::{Member, NodeCensus, Placed};
use roost_actors::model::RoomId;
use serde::{Deserialize, Serialize};

/// What is told of the members.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    pub members: Vec<Row>,
}

/// One member.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    /// Rises with every start of a node: the epoch of its life.
    pub incarnation: i64,
    pub http: String,
    pub peer: String,
    pub draining: bool,
    /// What lives there; nothing when the node does not answer.
    pub census: Option<Census>,
}

/// What lives on one member.
#[derive(Debug, Serialize, Deserialize)]
pub struct Census {
    pub rooms: usize,
    pub users: usize,
    pub sessions: u64,
    pub followed_rooms: usize,
    pub followed_accounts: usize,
    pub links: Vec<String>,
}

/// Where one room lives.
#[derive(Debug, Serialize, Deserialize)]
pub struct Home {
    pub room: i64,
    /// The node that owns it.
    pub node: String,
    pub epoch: i64,
    pub last_seq: i64,
    pub members: usize,
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

pub async fn room(
    _: Operator,
    state: web::Data<State>,
    room: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let id = room.parse().map(RoomId);
    let id = id.map_err(|_| Refusal::bad_request(format!("a room is a number, not {room:?}")))?;
    let census = state.node.room(id).census().await?;
    let node = match state.node.cluster() {
        Some(cluster) => cluster
            .home(Placed::Room(id))
            .map_or_else(String::new, |name| name.to_string()),
        None => "alone".to_owned(),
    };
    Ok(HttpResponse::Ok().json(Home {
        room: id.0,
        node,
        epoch: census.epoch.0,
        last_seq: census.last_seq.0,
        members: census.members,
    }))
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
