//! What a client asks once it is logged in, and how it is answered. Pure.

use super::{Connection, Effect, Target, Work};
use crate::dialects::gobelieve::content::{self, Origin};
use crate::dialects::gobelieve::frame::{ClientRequest, Customer, Im, Rt, ServerFrame, flag, status};
use roost_actors::model::{
    AccountId, ChatMessage, CommitKey, HistoryPage, Inbox, RoomId, RoomKind, Seq, Timestamp, TopicId,
};
use roost_actors::{Failure, Thing};
use std::sync::Arc;

impl Connection {
    pub(super) fn request(
        &mut self,
        seq: i32,
        flags: u8,
        request: ClientRequest,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        match request {
            ClientRequest::Im(im) if im.sender == self.me.account.0 => {
                self.post(seq, flags, Target::Peer(AccountId(im.receiver)), &im, out);
            }
            ClientRequest::GroupIm(im) if im.sender == self.me.account.0 => {
                self.post(seq, flags, Target::Group(RoomId(im.receiver)), &im, out);
            }
            ClientRequest::Customer(it) => self.post_customer(seq, flags, &it, out),
            ClientRequest::Rt(rt) if rt.sender == self.me.account.0 => {
                self.work = Work::Signal;
                out.push(Effect::Signal {
                    to: AccountId(rt.receiver),
                    content: rt.content,
                });
            }
            ClientRequest::EnterRoom(room) if room != 0 => self.listen(Some(TopicId(room)), out),
            ClientRequest::LeaveRoom(room) if self.topic == Some(TopicId(room)) => self.listen(None, out),
            ClientRequest::RoomIm(rt) if rt.sender == self.me.account.0 => self.say(seq, rt, out),
            ClientRequest::Sync(key) => {
                let keep = self.key_to_keep.take();
                let after = (key > 0).then_some(CommitKey(key));
                self.work = Work::Sync(after);
                out.push(Effect::Sync { after, keep });
            }
            ClientRequest::SyncGroup { group, key } if self.stream.is_super(RoomId(group)) => {
                self.work = Work::GroupSync(RoomId(group));
                out.push(Effect::SyncGroup {
                    group: RoomId(group),
                    after: Seq(key.max(0)),
                });
            }
            ClientRequest::SyncKey(key) => self.note_key(CommitKey(key), now, out),
            // A sender that is not the caller, a group that is none, a repeated login: passed over, as ever.
            _ => {}
        }
    }

    fn post(&mut self, seq: i32, flags: u8, to: Target, im: &Im, out: &mut Vec<Effect>) {
        let origin = Origin {
            device: self.me.device.clone(),
            local_id: im.local_id,
            flag: flags & flag::FROM_CLIENT,
            ..Origin::default()
        };
        let post = content::post(&im.content, origin);
        self.work = Work::Post { seq, to };
        out.push(Effect::Post { to, post });
    }

    /// Messages between apps go to this app only.
    fn post_customer(&mut self, seq: i32, flags: u8, it: &Customer, out: &mut Vec<Effect>) {
        if it.sender != self.me.account.0 || it.sender_app != self.app || it.receiver_app != self.app {
            return;
        }
        let origin = Origin {
            device: self.me.device.clone(),
            flag: flags & flag::FROM_CLIENT,
            app: Some(self.app),
            ..Origin::default()
        };
        let to = Target::Peer(AccountId(it.receiver));
        self.work = Work::Post { seq, to };
        out.push(Effect::Post {
            to,
            post: content::post(&it.content, origin),
        });
    }

    /// A signal was passed on, or could not be.
    pub fn signalled(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        if matches!(self.work, Work::Signal) {
            self.work = Work::Nothing;
            self.advance(now, out);
        }
    }

    fn listen(&mut self, topic: Option<TopicId>, out: &mut Vec<Effect>) {
        if self.topic != topic {
            self.topic = topic;
            out.push(Effect::Listen(topic));
        }
    }

    fn say(&mut self, seq: i32, rt: Rt, out: &mut Vec<Effect>) {
        let topic = TopicId(rt.receiver);
        if self.topic != Some(topic) || self.me.silenced {
            return;
        }
        out.push(Effect::Say {
            topic,
            content: rt.content,
        });
        self.acknowledge(seq, status::OK, 0, out);
    }

    fn note_key(&mut self, key: CommitKey, now: Timestamp, out: &mut Vec<Effect>) {
        self.key_to_keep = Some(self.key_to_keep.map_or(key, |kept| kept.max(key))).filter(|key| key.0 > 0);
        if now.since_ms(self.key_kept_at) >= Connection::KEEP_KEY_MS {
            self.key_kept_at = now;
            out.extend(self.key_to_keep.take().map(Effect::KeepKey));
        }
    }

    pub(super) fn acknowledge(&mut self, seq: i32, status: u8, flag: u8, out: &mut Vec<Effect>) {
        self.send(&ServerFrame::Ack { seq, status, flag }, out);
    }

    /// What became of a message.
    pub fn posted(&mut self, posted: Result<ChatMessage, Failure>, now: Timestamp, out: &mut Vec<Effect>) {
        let Work::Post { seq, to } = self.work else {
            return;
        };
        self.work = Work::Nothing;
        match (posted, to) {
            (Ok(message), Target::Group(group)) if self.stream.is_super(group) => {
                let (key, previous) = (message.seq.0, message.seq.0 - 1);
                self.send(&ServerFrame::Metadata { key, previous }, out);
                self.acknowledge(seq, status::OK, flag::SUPER_GROUP, out);
                self.stream.sent_here(group, message.seq);
            }
            (Ok(message), _) => {
                let (room, at) = (message.room, message.seq);
                self.work = Work::Line {
                    seq,
                    room,
                    at,
                    since: now,
                };
            }
            (Err(failure), to) => match refusal(&failure, to) {
                Refusal::Status(status) if self.version >= 2 || matches!(to, Target::Group(_)) => {
                    self.acknowledge(seq, status, 0, out);
                }
                // Older clients cannot be told; they see that no acknowledgement comes.
                Refusal::Status(_) | Refusal::Silence => {}
                Refusal::Close => return self.close(out),
            },
        }
        self.show(now, out);
        self.advance(now, out);
    }

    /// What the account's rooms hold.
    pub fn synced(&mut self, inbox: Result<Inbox, Failure>, now: Timestamp, out: &mut Vec<Effect>) {
        let Work::Sync(asked) = self.work else {
            return;
        };
        self.work = Work::Nothing;
        let Ok(inbox) = inbox else {
            return self.close(out);
        };
        let last = inbox.items.last().map(|item| item.key);
        // A client that claims to be further than the account is told where that really ends.
        let key = last.unwrap_or_else(|| asked.unwrap_or(inbox.end).min(inbox.end));
        self.send(&ServerFrame::SyncBegin(key.0), out);
        for item in &inbox.items {
            if let Some(shown) = content::shown(item.kind, &item.message) {
                let flag = content::self_flag(&item.message, self.me.account, &self.me.device);
                let message = Arc::new(shown);
                self.send(&ServerFrame::Message { message, flag }, out);
            }
        }
        self.send(&ServerFrame::SyncEnd(key.0), out);
        if inbox.more {
            self.send(&ServerFrame::SyncNotify(key.0 + 1), out);
        }
        self.advance(now, out);
    }

    /// The latest messages of a super group, newest first, or why there are none.
    pub fn group_synced(
        &mut self,
        page: Result<HistoryPage, Failure>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let Work::GroupSync(group) = self.work else {
            return;
        };
        self.work = Work::Nothing;
        match page {
            Ok(page) => {
                let (group, key) = (group.0, page.last_seq.0);
                self.send(&ServerFrame::SyncGroupBegin { group, key }, out);
                for message in page.messages.iter().rev() {
                    if let Some(shown) = content::shown(RoomKind::Group, message) {
                        let flag = content::self_flag(message, self.me.account, &self.me.device);
                        let message = Arc::new(shown);
                        self.send(&ServerFrame::Message { message, flag }, out);
                    }
                }
                self.send(&ServerFrame::SyncGroupEnd { group, key }, out);
            }
            // Whoever is no member any more is not answered.
            Err(Failure::NotMember | Failure::Unknown(_)) => {}
            Err(_) => return self.close(out),
        }
        self.advance(now, out);
    }
}

/// How a refused message is told.
enum Refusal {
    Status(u8),
    /// No acknowledgement comes.
    Silence,
    /// No acknowledgement comes, and none for later messages that the client might take for it.
    Close,
}

fn refusal(failure: &Failure, to: Target) -> Refusal {
    match (failure, to) {
        (Failure::NotMember, _) => Refusal::Status(status::NOT_A_MEMBER),
        (Failure::Unknown(Thing::Room) | Failure::Dissolved, Target::Group(_)) => {
            Refusal::Status(status::NO_SUCH_GROUP)
        }
        (Failure::Blocked, _) => Refusal::Status(status::IN_YOUR_BLACKLIST),
        (Failure::Unknown(_), Target::Peer(_)) => Refusal::Status(status::NOT_YOUR_FRIEND),
        (Failure::Muted { .. } | Failure::TooLong { .. } | Failure::Invalid { .. }, _) => Refusal::Silence,
        _ => Refusal::Close,
    }
}
