//! What a connection is shown without asking, in the order in which it may be shown. Pure.

use super::stream::Arrived;
use super::{Connection, Effect, Place, Stage, Work};
use crate::dialects::gobelieve::content::{self, Origin};
use crate::dialects::gobelieve::frame::{Rt, ServerFrame, Shown, flag, status};
use roost_actors::model::{AccountId, CommitKey, Delivery, Entry, Push, RoomId, Seq, Timestamp};
use std::sync::Arc;

impl Connection {
    /// Whether a group is a super group.
    pub fn learned(&mut self, group: RoomId, is_super: bool, now: Timestamp, out: &mut Vec<Effect>) {
        self.stream.learn(group, is_super);
        self.show(now, out);
    }

    /// Where the account stands in the ledger, after lines were missed.
    pub fn placed(&mut self, place: Place, now: Timestamp, out: &mut Vec<Effect>) {
        if self.stream.place(place) {
            self.send(&ServerFrame::SyncNotify(place.end.0), out);
        }
        self.show(now, out);
        self.advance(now, out);
    }

    /// Something was pushed.
    pub fn deliver(&mut self, delivery: &Arc<Delivery>, now: Timestamp, out: &mut Vec<Effect>) {
        match &delivery.push {
            Push::Posted { .. } => {
                if let Some(group) = self.stream.deliver(delivery) {
                    out.push(Effect::Learn(group));
                }
                self.show(now, out);
            }
            _ if !matches!(self.stage, Stage::In) => {}
            Push::Joined { room, .. } if self.stream.is_unknown_group(*room) => {
                out.push(Effect::Learn(*room));
            }
            Push::Joined { .. } => {}
            Push::Signal { from, to, body } => {
                let content = body.clone();
                let frame = if *from == AccountId(0) {
                    ServerFrame::Notification(content)
                } else {
                    let (sender, receiver) = (from.0, to.0);
                    ServerFrame::Rt(Rt {
                        sender,
                        receiver,
                        content,
                    })
                };
                self.send(&frame, out);
            }
            Push::Said {
                topic,
                from,
                origin,
                body,
            } if self.topic == Some(*topic) && *origin != self.origin => {
                let rt = Rt {
                    sender: from.0,
                    receiver: topic.0,
                    content: body.clone(),
                };
                self.send(&ServerFrame::RoomIm(rt), out);
            }
            Push::Silenced { silenced, .. } => self.me.silenced = *silenced,
            _ => {}
        }
    }

    /// Lines of the ledger were told.
    pub fn lines(&mut self, lines: &[Entry], now: Timestamp, out: &mut Vec<Effect>) {
        if !self.stream.lines(lines) {
            out.push(Effect::Place);
        }
        self.show(now, out);
        self.advance(now, out);
    }

    /// The hub had lines that did not fit.
    pub fn missed_lines(&mut self, out: &mut Vec<Effect>) {
        self.stream.lose();
        out.push(Effect::Place);
    }

    /// The hub had messages of a room that did not fit. Those of normal rooms are found missing by their lines.
    pub fn behind(&mut self, room: RoomId, to: Seq, out: &mut Vec<Effect>) {
        if matches!(self.stage, Stage::In) && self.stream.is_super(room) {
            let (group, key) = (room.0, to.0);
            self.send(&ServerFrame::SyncGroupNotify { group, key }, out);
        }
    }

    /// Shows what has become showable.
    pub(super) fn show(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        if !matches!(self.stage, Stage::In) {
            return;
        }
        loop {
            let posting = matches!(self.work, Work::Post { .. }).then_some(self.me.account);
            let awaited = match self.work {
                Work::Line { room, at, .. } => Some((room, at)),
                _ => None,
            };
            let Some(arrived) = self.stream.next(posting, awaited) else {
                return;
            };
            match arrived {
                Arrived::Own { key, previous } => {
                    if let Work::Line { seq, .. } = self.work {
                        self.work = Work::Nothing;
                        let (key, previous) = (key.0, previous.0);
                        self.send(&ServerFrame::Metadata { key, previous }, out);
                        self.acknowledge(seq, status::OK, 0, out);
                        self.advance(now, out);
                    }
                }
                Arrived::Message {
                    key,
                    previous,
                    delivery,
                } => self.push(key, previous, &delivery, out),
                Arrived::Missing { key } => self.send(&ServerFrame::SyncNotify(key.0), out),
                Arrived::Super { delivery } => self.push_super(&delivery, out),
            }
        }
    }

    fn push(&mut self, key: CommitKey, previous: CommitKey, delivery: &Delivery, out: &mut Vec<Effect>) {
        let Push::Posted { kind, message } = &delivery.push else {
            return;
        };
        let Some(shown) = content::shown(*kind, message) else {
            return;
        };
        if !matches!(shown, Shown::GroupNotification(_) | Shown::System(_)) {
            let (key, previous) = (key.0, previous.0);
            self.send(&ServerFrame::Metadata { key, previous }, out);
            let flag = flag::PUSH | Origin::of(message).unwrap_or_default().flag;
            let message = Arc::new(shown);
            self.send(&ServerFrame::Message { message, flag }, out);
        }
        self.send(&ServerFrame::SyncNotify(key.0), out);
    }

    fn push_super(&mut self, delivery: &Delivery, out: &mut Vec<Effect>) {
        let Push::Posted { kind, message } = &delivery.push else {
            return;
        };
        let (group, key, previous) = (message.room.0, message.seq.0, message.seq.0 - 1);
        if let Some(shown @ Shown::GroupIm(_)) = content::shown(*kind, message) {
            self.send(&ServerFrame::Metadata { key, previous }, out);
            let flag = flag::PUSH | flag::SUPER_GROUP | Origin::of(message).unwrap_or_default().flag;
            let message = Arc::new(shown);
            self.send(&ServerFrame::Message { message, flag }, out);
        }
        self.send(&ServerFrame::SyncGroupNotify { group, key }, out);
    }
}
