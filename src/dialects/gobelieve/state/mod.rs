//! One connection of the IM protocol: frames, answers and pushes in, effects out. Pure: time comes in.
//!
//! Frames are worked off strictly in order: one that needs an answer from the node holds up those after it, except pings.
//! A message to a person or a normal group is shown when its line of the ledger is told: only then is it certain that no
//! message with a lower key is still to come, so that the metadata before it can name the key right before its own.

mod pushes;
mod requests;
mod stream;

use super::content;
use super::frame::{AuthToken, ClientFrame, ClientRequest, ServerFrame, status};
use bytes::Bytes;
use roost_actors::Failure;
use roost_actors::model::{AccountId, CommitKey, Post, RoomId, Seq, Timestamp, TopicId};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use stream::Stream;

/// What a connection asks of its shell. Those marked with a name bring an answer back by the method of that name, and are
/// one at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Send(Bytes),
    /// Let the frames before go out, then close.
    Close,
    /// `proven`: whose token it is; let the account's session in.
    Prove(AuthToken),
    /// `synced`: from a key, or from the one that is kept; `keep` is to be kept first.
    Sync {
        after: Option<CommitKey>,
        keep: Option<CommitKey>,
    },
    /// `group_synced`: the group's latest messages after a seq.
    SyncGroup {
        group: RoomId,
        after: Seq,
    },
    /// `posted`.
    Post {
        to: Target,
        post: Post,
    },
    /// `learned`: whether the group is a super group.
    Learn(RoomId),
    /// `placed`: where the account stands in the ledger.
    Place,
    /// `signalled`.
    Signal {
        to: AccountId,
        content: Arc<str>,
    },
    KeepKey(CommitKey),
    Listen(Option<TopicId>),
    Say {
        topic: TopicId,
        content: Arc<str>,
    },
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Peer(AccountId),
    Group(RoomId),
}

/// Who has logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub account: AccountId,
    pub silenced: bool,
    /// The groups the account is in, and whether each is a super group.
    pub groups: HashMap<RoomId, bool>,
    pub place: Place,
}

/// Where an account stands in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The key of its last message.
    pub end: CommitKey,
    /// Up to which key that is all there will ever be.
    pub clear: CommitKey,
}

struct Me {
    account: AccountId,
    device: String,
    silenced: bool,
}

enum Stage {
    Stranger,
    /// In which version the client will be spoken to.
    Proving(u8),
    In,
    Closed,
}

/// What the frame at the head of the queue waits for.
enum Work {
    Nothing,
    Proof,
    Sync(Option<CommitKey>),
    GroupSync(RoomId),
    Signal,
    /// A message is on its way to storage.
    Post {
        seq: i32,
        to: Target,
    },
    /// A stored message waits for its line of the ledger.
    Line {
        seq: i32,
        room: RoomId,
        at: Seq,
        since: Timestamp,
    },
}

/// One connection.
pub struct Connection {
    stage: Stage,
    me: Me,
    app: i64,
    /// Tells this connection's own words in an IM room from those of others.
    origin: u64,
    version: u8,
    seq: i32,
    auth_tries: u32,
    work: Work,
    waiting: VecDeque<ClientFrame>,
    topic: Option<TopicId>,
    stream: Stream,
    heard_at: Timestamp,
    key_to_keep: Option<CommitKey>,
    key_kept_at: Timestamp,
}

impl Connection {
    /// Frames that wait for the one that is worked on, at most. Beyond this the shell reads no further.
    pub const WAITING_FRAMES_MAX: usize = 64;
    /// A connection without a frame for this long is dropped.
    pub const IDLE_MS_MAX: i64 = 360_000;
    /// Tokens one connection may try.
    const AUTH_TRIES_MAX: u32 = 10;
    /// How long an acknowledgement waits for the message's key before it goes out without.
    const KEY_WAIT_MS_MAX: i64 = 1_500;
    /// How often a client's key is stored, at most.
    const KEEP_KEY_MS: i64 = 5_000;

    /// `origin` is a number no other connection has.
    #[must_use]
    pub fn new(app: i64, origin: u64, now: Timestamp) -> Connection {
        Connection {
            stage: Stage::Stranger,
            me: Me {
                account: AccountId(0),
                device: String::new(),
                silenced: false,
            },
            app,
            origin,
            version: 0,
            seq: 0,
            auth_tries: 0,
            work: Work::Nothing,
            waiting: VecDeque::new(),
            topic: None,
            stream: Stream::default(),
            heard_at: now,
            key_to_keep: None,
            key_kept_at: now,
        }
    }

    /// Whether frames can be taken now.
    #[must_use]
    pub fn takes_frames(&self) -> bool {
        self.waiting.len() < Connection::WAITING_FRAMES_MAX && !matches!(self.stage, Stage::Closed)
    }

    /// The number no other connection has.
    #[must_use]
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// Who has logged in; 0 before that.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.me.account
    }

    /// A frame came in.
    pub fn frame(&mut self, frame: ClientFrame, now: Timestamp, out: &mut Vec<Effect>) {
        self.heard_at = now;
        match frame.request {
            // Answered at once, whatever is under way.
            ClientRequest::Ping => self.send(&ServerFrame::Pong, out),
            ClientRequest::Ack(_) | ClientRequest::GroupSyncKey { .. } | ClientRequest::Ignored => {}
            _ => {
                self.waiting.push_back(frame);
                self.advance(now, out);
            }
        }
    }

    /// What came in was no frame.
    pub fn close(&mut self, out: &mut Vec<Effect>) {
        self.stage = Stage::Closed;
        self.waiting.clear();
        out.push(Effect::Close);
    }

    /// The connection ends: what is worth keeping.
    pub fn end(&mut self, out: &mut Vec<Effect>) {
        out.extend(self.key_to_keep.take().map(Effect::KeepKey));
        self.stage = Stage::Closed;
    }

    fn send(&mut self, frame: &ServerFrame, out: &mut Vec<Effect>) {
        self.seq = self.seq.wrapping_add(1);
        out.push(Effect::Send(frame.encode(self.seq, self.version)));
    }

    fn advance(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        while matches!(self.work, Work::Nothing)
            && let Some(frame) = self.waiting.pop_front()
        {
            match (&self.stage, frame.request) {
                (Stage::Stranger, ClientRequest::Auth(token)) => self.prove(token, frame.version, out),
                (Stage::In, request) => self.request(frame.seq, frame.flag, request, now, out),
                // Before the login everything but pings is passed over.
                _ => {}
            }
        }
    }

    fn prove(&mut self, token: AuthToken, version: u8, out: &mut Vec<Effect>) {
        self.auth_tries += 1;
        if self.auth_tries > Connection::AUTH_TRIES_MAX {
            return self.close(out);
        }
        self.work = Work::Proof;
        self.stage = Stage::Proving(version);
        self.me.device = content::device(token.platform, &token.device);
        out.push(Effect::Prove(token));
    }

    /// Whose token it is. `Ok(None)`: nobody's.
    pub fn proven(&mut self, proof: Result<Option<Proof>, Failure>, now: Timestamp, out: &mut Vec<Effect>) {
        let Stage::Proving(version) = self.stage else {
            return;
        };
        self.work = Work::Nothing;
        match proof {
            Ok(Some(proof)) => {
                self.stage = Stage::In;
                self.version = version;
                self.me.account = proof.account;
                self.me.silenced = proof.silenced;
                self.send(&ServerFrame::AuthStatus(0), out);
                let unknown = self.stream.start(proof.groups, proof.place);
                out.extend(unknown.into_iter().map(Effect::Learn));
                self.show(now, out);
            }
            Ok(None) => {
                self.stage = Stage::Stranger;
                self.send(&ServerFrame::AuthStatus(1), out);
            }
            // Not the client's fault: it comes back by itself, which it does not after a refusal.
            Err(_) => return self.close(out),
        }
        self.advance(now, out);
    }

    /// When [`Connection::tick`] is due.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        let mut due = self.heard_at.plus_ms(Connection::IDLE_MS_MAX);
        if self.key_to_keep.is_some() {
            due = due.min(self.key_kept_at.plus_ms(Connection::KEEP_KEY_MS));
        }
        if let Work::Line { since, .. } = self.work {
            due = due.min(since.plus_ms(Connection::KEY_WAIT_MS_MAX));
        }
        due
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        if now.since_ms(self.heard_at) >= Connection::IDLE_MS_MAX {
            return self.close(out);
        }
        if self.key_to_keep.is_some() && now.since_ms(self.key_kept_at) >= Connection::KEEP_KEY_MS {
            self.key_kept_at = now;
            out.extend(self.key_to_keep.take().map(Effect::KeepKey));
        }
        if let Work::Line { seq, room, at, since } = self.work
            && now.since_ms(since) >= Connection::KEY_WAIT_MS_MAX
        {
            self.work = Work::Nothing;
            self.stream.sent_here(room, at);
            self.acknowledge(seq, status::OK, 0, out);
            self.show(now, out);
            self.advance(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
