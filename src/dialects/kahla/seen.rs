//! What rendering an event needs besides the event: who wrote it, and which conversation the room is at the moment.

use dashmap::DashMap;
use roost_actors::model::{Account, AccountId, Push, RoomId, RoomKind, Timestamp, View};
use roost_actors::{Failure, Node};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Accounts and views that were needed lately. Sessions share it, so that many that are shown one event ask once.
#[derive(Default)]
pub struct Seen {
    cards: DashMap<AccountId, Arc<Account>>,
    views: DashMap<RoomId, (View, Timestamp)>,
    /// Held while something is looked up: whoever waits for it finds it afterwards.
    asking: Mutex<()>,
}

impl Seen {
    /// Accounts, and views, that are remembered at most.
    const LEN_MAX: usize = 100_000;

    /// Whether an event can be rendered at once.
    pub fn knows(&self, node: &Node, push: &Push) -> bool {
        match push {
            Push::Posted { kind, message } => {
                node.card_now(message.sender).is_some()
                    && (*kind == RoomKind::Group || self.fresh_view(node, message.room))
            }
            Push::FriendRequested { from, .. } => node.card_now(*from).is_some(),
            _ => true,
        }
    }

    fn fresh_view(&self, node: &Node, room: RoomId) -> bool {
        let now = node.clock().now();
        self.views
            .get(&room)
            .is_some_and(|view| now.since_ms(view.1) < Node::CARD_MS_MAX)
    }

    /// Looks up what an event needs.
    pub async fn learn(&self, node: &Node, push: &Push) -> Result<(), Failure> {
        let _turn = self.asking.lock().await;
        match push {
            Push::Posted { kind, message } => {
                self.learn_card(node, message.sender).await?;
                if let RoomKind::Direct { low, high } = *kind
                    && !self.fresh_view(node, message.room)
                {
                    match node.user(low).view_with(high).await? {
                        Some(view) => self.note(node, view),
                        None => _ = self.views.remove(&message.room),
                    }
                }
                Ok(())
            }
            Push::FriendRequested { from, .. } => self.learn_card(node, *from).await,
            _ => Ok(()),
        }
    }

    async fn learn_card(&self, node: &Node, account: AccountId) -> Result<(), Failure> {
        match node.card(account).await {
            Ok(card) => {
                if self.cards.len() >= Seen::LEN_MAX {
                    self.cards.clear();
                }
                self.cards.insert(account, card);
                Ok(())
            }
            // What the node or an operator's server writes has no account behind it.
            Err(Failure::Unknown(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Remembers an open view.
    pub fn note(&self, node: &Node, view: View) {
        if self.views.len() >= Seen::LEN_MAX {
            self.views.clear();
        }
        self.views.insert(view.room, (view, node.clock().now()));
    }

    pub fn view(&self, room: RoomId) -> Option<View> {
        self.views.get(&room).map(|view| view.0.clone())
    }

    pub fn card(&self, account: AccountId) -> Option<Arc<Account>> {
        self.cards.get(&account).map(|card| card.clone())
    }
}
