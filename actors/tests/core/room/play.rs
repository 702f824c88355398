//! The language of a room's transcripts, and a stage that plays it against [`RoomState`].
//!
//! A script is a row of lines ended by `;`: `bob posts hi`, `ann kicks bob`, `wait 500`. Unless `hold` came before, the
//! store does at once what the room asks of it. After `hold` it waits for `commit`, `fence`, `lose`, `refuse`, `busy`,
//! and what the room asks shows in the log: `commit 2` (posts), `commit 1+1` (and reads), `save`, `load`.
//!
//! The log has one entry for each answer (`bob: #3`, `bob: NotMember`) and each push (`all< #3 bob hi`, `bob< Joined`).

use super::people::{id, name};
use super::shown::{shown, told};
use super::words::{change, number, page};
use roost_actors::failure::Failure;
use roost_actors::journal::{TokenFound, assign, dedupe};
use roost_actors::model::{
    AccountId, Caller, ChatMessage, ClientToken, Counts, Epoch, HistoryQuery, JoinRequest, Member, MessageId,
    MessageKind, Place, Post, Push, RequestId, RequestStatus, Role, RoomId, RoomInfo, RoomKind, RoomRules,
    RoomSnapshot, Seq, Timestamp,
};
use roost_actors::ports::{BatchOutcome, PostOutcome, RoomBatch, RoomChange, RoomSaved};
use roost_actors::room::{CommitFailure, Effect, RoomRequest, RoomState, Ticket};
use std::collections::{HashMap, VecDeque};

/// What the room asked of its store and has no answer for yet.
enum Asked {
    Batch(RoomBatch),
    Change(RoomChange),
    Message(Caller, MessageId, i64),
}

pub struct Play {
    pub room: RoomState,
    pub log: Vec<String>,
    now: Timestamp,
    callers: HashMap<Ticket, String>,
    next_ticket: Ticket,
    held: bool,
    asked: VecDeque<Asked>,
    messages: Vec<ChatMessage>,
    tokens: HashMap<(AccountId, std::sync::Arc<str>), (ClientToken, usize)>,
    requests: i64,
}

fn seat(who: &str, role: Role) -> Member {
    Member {
        account: id(who),
        role,
        nickname: String::new(),
        muted_until: Timestamp(0),
        joined_at: Timestamp(id(who).0),
        from_seq: Seq(1),
        read_seq: Seq(0),
        quiet: false,
    }
}

fn snapshot(kind: RoomKind, owner: AccountId, members: Vec<Member>) -> RoomSnapshot {
    RoomSnapshot {
        info: RoomInfo {
            id: RoomId(1),
            kind,
            name: "the room".to_owned(),
            avatar: String::new(),
            intro: String::new(),
            owner,
            member_count: members.len() as i64,
            member_limit: 5,
            rules: RoomRules::default(),
            place: Place::default(),
            super_group: false,
            category: String::new(),
            created_at: Timestamp(0),
            dissolved_at: None,
        },
        epoch: Epoch(7),
        last_seq: Seq(0),
        counts: Counts::default(),
        members,
        join_requests: Vec::new(),
        blocked_by: Vec::new(),
    }
}

impl Play {
    pub fn group() -> Play {
        let members = vec![
            seat("ann", Role::Owner),
            seat("max", Role::Manager),
            seat("bob", Role::Member),
        ];
        Play::new(snapshot(RoomKind::Group, id("ann"), members))
    }

    pub fn direct() -> Play {
        let members = vec![seat("ann", Role::Member), seat("bob", Role::Member)];
        Play::new(snapshot(
            RoomKind::direct(id("ann"), id("bob")),
            AccountId(0),
            members,
        ))
    }

    fn new(snapshot: RoomSnapshot) -> Play {
        Play {
            room: RoomState::new(snapshot),
            log: Vec::new(),
            now: Timestamp(1_000_000),
            callers: HashMap::new(),
            next_ticket: 1,
            held: false,
            asked: VecDeque::new(),
            messages: Vec::new(),
            tokens: HashMap::new(),
            requests: 0,
        }
    }

    /// How many requests have no answer.
    pub fn unanswered(&self) -> usize {
        self.callers.len()
    }

    pub fn run(&mut self, script: &str) {
        for line in script.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["hold"] => self.held = true,
            ["wait", ms] => self.now = self.now.plus_ms(number(ms)),
            ["census"] => {
                let census = self.room.census();
                self.log.push(format!(
                    "seq {} members {} waiting {}",
                    census.last_seq, census.members, census.waiting
                ));
            }
            ["commit"] => self.settle(None),
            ["fence"] => self.settle(Some(CommitEnd::Fenced)),
            ["lose"] => self.settle(Some(CommitEnd::Unknown)),
            ["refuse"] => self.settle(Some(CommitEnd::Refused(Failure::Unavailable("gone".to_owned())))),
            ["busy"] => self.settle(Some(CommitEnd::Refused(Failure::Busy("the journal".to_owned())))),
            [who, ref rest @ ..] => {
                let caller = if who == "operator" {
                    Caller::operator()
                } else {
                    Caller::person(id(who))
                };
                let request = self.request(caller, rest);
                self.ask(who, request);
            }
            [] => {}
        }
    }

    /// Asks anything; answers are logged under `who`.
    pub fn ask(&mut self, who: &str, request: RoomRequest) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.callers.insert(ticket, who.to_owned());
        self.act(|room, now, out| room.ask(ticket, request, now, out));
    }

    fn request(&self, caller: Caller, words: &[&str]) -> RoomRequest {
        match *words {
            ["posts", body] => self.post(caller, Post::text(body)),
            ["posts", body, "as", kind] => {
                let kind = MessageKind::from_name(kind);
                self.post(
                    caller,
                    Post {
                        kind,
                        ..Post::text(body)
                    },
                )
            }
            ["posts", body, "with", key] => {
                // The digest stands for the request: the same body, the same digest.
                let digest = [body.len() as u8; 32];
                let token = Some(ClientToken {
                    key: key.into(),
                    digest,
                });
                self.post(
                    caller,
                    Post {
                        token,
                        ..Post::text(body)
                    },
                )
            }
            ["posts", kilobytes, "kB"] => self.post(
                caller,
                Post::text(&"x".repeat(number(kilobytes) as usize * 1_024)),
            ),
            ["reads"] => RoomRequest::Read { caller, up_to: None },
            ["reads", seq] => RoomRequest::Read {
                caller,
                up_to: Some(Seq(number(seq))),
            },
            ["revokes", seq] => self.revoke(caller, seq, "120000"),
            ["revokes", seq, "within", ms] => self.revoke(caller, seq, ms),
            ["pages"] => page(caller, 1, i64::MAX, false),
            ["pages", "all"] => page(caller, 1, i64::MAX, true),
            ["pages", from, to] => page(caller, number(from), number(to), false),
            ["ranges", from, to] => {
                let query = HistoryQuery::range(Seq(number(from)), Seq(number(to)), i64::MAX);
                RoomRequest::Range { query }
            }
            ["looks"] => RoomRequest::Look { caller },
            ["seats"] => RoomRequest::Seats { caller },
            ["blocks"] => RoomRequest::BlockChanged {
                by: caller.account,
                blocked: true,
            },
            ["unblocks"] => RoomRequest::BlockChanged {
                by: caller.account,
                blocked: false,
            },
            _ => change(caller, words),
        }
    }

    fn post(&self, caller: Caller, post: Post) -> RoomRequest {
        RoomRequest::Post { caller, post }
    }

    fn revoke(&self, caller: Caller, seq: &str, within_ms: &str) -> RoomRequest {
        let message = self.messages.get(number(seq) as usize - 1);
        RoomRequest::Revoke {
            caller,
            message: message.map_or(MessageId(999), |m| m.id),
            within_ms: number(within_ms),
        }
    }

    fn act(&mut self, decide: impl FnOnce(&mut RoomState, Timestamp, &mut Vec<Effect>)) {
        let mut effects = Vec::new();
        decide(&mut self.room, self.now, &mut effects);
        // Managers are told in no certain order.
        let asks = |effect: &Effect| matches!(effect, Effect::PushTo(_, Push::JoinRequested { .. }));
        let managers = effects.iter().take_while(|effect| asks(effect)).count();
        effects[..managers].sort_by_key(|effect| match effect {
            Effect::PushTo(account, _) => *account,
            _ => AccountId(0),
        });
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Answer(ticket, answer) => {
                let who = self.callers.remove(&ticket).expect("a ticket is answered once");
                self.log.push(format!("{who}: {}", told(&answer)));
            }
            Effect::Commit(batch) => {
                let reads = if batch.reads.is_empty() {
                    String::new()
                } else {
                    format!("+{}", batch.reads.len())
                };
                self.store(
                    format!("commit {}{reads}", batch.posts.len()),
                    Asked::Batch(batch),
                );
            }
            Effect::Save(epoch, change) => {
                assert_eq!(epoch, Epoch(7), "a change carries the room's epoch");
                self.store("save".to_owned(), Asked::Change(change));
            }
            Effect::LoadForRevoke {
                caller,
                message,
                within_ms,
            } => {
                self.store("load".to_owned(), Asked::Message(caller, message, within_ms));
            }
            Effect::LoadPage(ticket, query, context) => {
                let who = self.callers.remove(&ticket).expect("a ticket is answered once");
                let to = if query.to_seq.0 == i64::MAX {
                    "end".to_owned()
                } else {
                    query.to_seq.to_string()
                };
                let cursors = format!("read {}/{}", context.read_seq, context.peer_read_seq);
                self.log.push(format!(
                    "{who}: page {}..{to} limit {} {cursors}",
                    query.from_seq, query.limit
                ));
            }
            Effect::LoadSeats(ticket, _, members) => {
                let who = self.callers.remove(&ticket).expect("a ticket is answered once");
                let names: Vec<&str> = members.iter().map(|m| name(m.account)).collect();
                self.log.push(format!("{who}: seats {}", names.join(",")));
            }
            Effect::Tree(ticket, by, request) => {
                let who = self.callers.remove(&ticket).expect("a ticket is answered once");
                let manages = if by.manages { " as a manager" } else { "" };
                self.log.push(format!("{who}: files {request:?}{manages}"));
            }
            Effect::Board(ticket, by, request) => {
                let who = self.callers.remove(&ticket).expect("a ticket is answered once");
                self.log.push(format!("{who}: board of {} {request:?}", name(by)));
            }
            Effect::Publish(pushes) => {
                let shown: Vec<String> = pushes.iter().map(shown).collect();
                self.log.push(format!("all< {}", shown.join(", ")));
            }
            Effect::PushTo(account, push) => self.log.push(format!("{}< {}", name(account), shown(&push))),
            Effect::Stop => self.log.push("stop".to_owned()),
        }
    }

    fn store(&mut self, entry: String, asked: Asked) {
        assert!(
            self.asked.is_empty(),
            "a room has one thing at the store at a time"
        );
        self.asked.push_back(asked);
        if self.held {
            self.log.push(entry);
        } else {
            self.settle(None);
        }
    }

    /// Lets the store answer what it was asked.
    fn settle(&mut self, end: Option<CommitEnd>) {
        match self.asked.pop_front().expect("the store was asked for something") {
            Asked::Batch(batch) => {
                let outcome = match end {
                    None => Ok(self.commit(&batch)),
                    Some(CommitEnd::Fenced) => Ok(BatchOutcome::Fenced),
                    Some(CommitEnd::Unknown) => Err(CommitFailure::Unknown),
                    Some(CommitEnd::Refused(failure)) => Err(CommitFailure::Refused(failure)),
                };
                self.act(|room, now, out| room.committed(outcome, now, out));
            }
            Asked::Change(change) => {
                let saved = match end {
                    None => Ok(self.saved(&change)),
                    Some(end) => Err(end.failure()),
                };
                self.act(|room, now, out| room.saved(saved, now, out));
            }
            Asked::Message(caller, message, within_ms) => {
                let unknown = Failure::Unknown(roost_actors::Thing::Message);
                let found = self
                    .messages
                    .iter()
                    .find(|m| m.id == message)
                    .cloned()
                    .ok_or(unknown);
                let found = match end {
                    None => found,
                    Some(end) => Err(end.failure()),
                };
                self.act(|room, now, out| room.revocable(caller, found, within_ms, now, out));
            }
        }
    }

    fn commit(&mut self, batch: &RoomBatch) -> BatchOutcome {
        assert_eq!(
            batch.last_seq.0 as usize,
            self.messages.len(),
            "a batch goes on where the room ends"
        );
        let mut known = HashMap::new();
        for (index, post) in batch.posts.iter().enumerate() {
            let found = post
                .token
                .as_ref()
                .and_then(|t| self.tokens.get(&(post.sender, t.key.clone())).map(|f| (t, f)));
            if let Some((token, (first, message))) = found {
                let same = TokenFound::Same(self.messages[*message].clone());
                known.insert(
                    index,
                    if first.digest == token.digest {
                        same
                    } else {
                        TokenFound::Other
                    },
                );
            }
        }
        let fresh = dedupe(batch, &known).len();
        let ids: Vec<MessageId> = (0..fresh)
            .map(|n| MessageId((100 + self.messages.len() + n) as i64))
            .collect();
        let (rows, posts, last_seq, counts) = assign(batch, &known, &ids);
        for row in rows {
            if let Some(token) = &batch.posts[row.index].token {
                let key = (batch.posts[row.index].sender, token.key.clone());
                self.tokens.insert(key, (token.clone(), self.messages.len()));
            }
            self.messages.push(row.message);
        }
        assert!(
            posts
                .iter()
                .all(|p| !matches!(p, PostOutcome::Stored(m) if m.seq > last_seq))
        );
        BatchOutcome::Committed {
            posts,
            last_seq,
            counts,
        }
    }

    fn saved(&mut self, change: &RoomChange) -> RoomSaved {
        match change {
            RoomChange::Apply { account, reason, at } => {
                self.requests += 1;
                RoomSaved::Applied(JoinRequest {
                    id: RequestId(self.requests),
                    room: RoomId(1),
                    account: *account,
                    reason: reason.clone(),
                    deny_reason: String::new(),
                    status: RequestStatus::Waiting,
                    created_at: *at,
                })
            }
            RoomChange::Revoke { message, at } => {
                for stored in self.messages.iter_mut().filter(|m| m.id == *message) {
                    stored.revoked_at = Some(*at);
                }
                RoomSaved::Done
            }
            _ => RoomSaved::Done,
        }
    }
}

enum CommitEnd {
    Fenced,
    Unknown,
    Refused(Failure),
}

impl CommitEnd {
    fn failure(self) -> Failure {
        match self {
            CommitEnd::Fenced => Failure::Moved,
            CommitEnd::Unknown => Failure::OutcomeUnknown,
            CommitEnd::Refused(failure) => failure,
        }
    }
}
