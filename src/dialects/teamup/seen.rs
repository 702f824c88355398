//! What rendering a message needs besides the message: how its sender is called in the room.

use super::{State, convert};
use dashmap::DashMap;
use roost_actors::model::{AccountId, Caller, ChatMessage, RoomId, RoomKind, Timestamp};
use roost_actors::{Failure, Node};
use std::collections::BTreeSet;
use tokio::sync::Mutex;

/// A sender as clients are shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub user_id: String,
    /// The nickname in the group where there is one, else the account's.
    pub nickname: String,
}

/// Senders that were needed lately. Sessions share it, so that many that are shown one message ask once.
#[derive(Default)]
pub struct Seen {
    senders: DashMap<(RoomId, AccountId), (Sender, Timestamp)>,
    /// Held while somebody is looked up: whoever waits for it finds it afterwards.
    asking: Mutex<()>,
}

impl Seen {
    /// Senders that are remembered, at most.
    const LEN_MAX: usize = 100_000;

    /// Whether a message can be rendered at once.
    pub fn knows(&self, node: &Node, message: &ChatMessage) -> bool {
        self.is_fresh(node, (message.room, message.sender))
    }

    fn is_fresh(&self, node: &Node, key: (RoomId, AccountId)) -> bool {
        let now = node.clock().now();
        let known = self.senders.get(&key);
        known.is_some_and(|known| now.since_ms(known.1) < Node::CARD_MS_MAX)
    }

    /// Looks up the senders of these messages, each once.
    pub async fn learn<'m>(
        &self,
        state: &State,
        kind: RoomKind,
        messages: impl IntoIterator<Item = &'m ChatMessage>,
    ) -> Result<(), Failure> {
        let node = &state.node;
        let keys: BTreeSet<(RoomId, AccountId)> = messages
            .into_iter()
            .map(|message| (message.room, message.sender))
            .collect();
        let _turn = self.asking.lock().await;
        for key in keys {
            if !self.is_fresh(node, key) {
                let sender = look_up(state, kind, key).await?;
                if self.senders.len() >= Seen::LEN_MAX {
                    self.senders.clear();
                }
                self.senders.insert(key, (sender, node.clock().now()));
            }
        }
        Ok(())
    }

    /// The sender of a message, as it was known last.
    pub fn sender(&self, message: &ChatMessage) -> Sender {
        let known = self.senders.get(&(message.room, message.sender));
        known.map_or_else(|| nobody(message.sender), |known| known.0.clone())
    }
}

/// Whoever has no account: the node, or an operator's server.
fn nobody(account: AccountId) -> Sender {
    Sender {
        user_id: account.to_string(),
        nickname: String::new(),
    }
}

async fn look_up(
    state: &State,
    kind: RoomKind,
    (room, account): (RoomId, AccountId),
) -> Result<Sender, Failure> {
    let node = &state.node;
    let card = match node.card(account).await {
        Ok(card) => card,
        Err(Failure::Unknown(_)) => return Ok(nobody(account)),
        Err(other) => return Err(other),
    };
    let in_group = match kind {
        RoomKind::Group => node.room(room).look(Caller::person(account)).await?.me,
        RoomKind::Direct { .. } => None,
    };
    let nickname = in_group.map(|me| me.nickname).filter(|name| !name.is_empty());
    Ok(Sender {
        user_id: state.shown_id(&card),
        nickname: nickname.unwrap_or_else(|| convert::display_name(&card)),
    })
}
