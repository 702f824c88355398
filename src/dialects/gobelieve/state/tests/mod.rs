//! One connection as a transcript: what the client sends on the left, what it is sent on the right.

mod pushes;
mod requests;

use super::*;
use crate::dialects::gobelieve::content::Origin;
use crate::dialects::gobelieve::frame::{Customer, Im, Rt};
use bytes::Buf;
use roost_actors::Thing;
use roost_actors::model::{
    ChatMessage, Delivery, Entry, HistoryPage, Inbox, InboxItem, MessageId, MessageKind, Push, RoomKind,
};

const ANN: AccountId = AccountId(101);
const BOB: AccountId = AccountId(102);
const DIRECT: RoomId = RoomId(1 << 40);
const GROUP: RoomId = RoomId(10);
const SUPER: RoomId = RoomId(11);
const NOW: Timestamp = Timestamp(1_000);

/// A frame of the node in few words.
fn words(frame: &[u8]) -> String {
    let mut rest = frame;
    let _length = rest.get_i32();
    let seq = rest.get_i32();
    let (command, version, flag, _) = (rest.get_u8(), rest.get_u8(), rest.get_u8(), rest.get_u8());
    let body = match command {
        3 => format!("AUTH_STATUS {}", rest.get_i32()),
        4 | 8 => {
            let name = if command == 4 { "IM" } else { "GROUP_IM" };
            let (sender, receiver, _time) = (rest.get_i64(), rest.get_i64(), rest.get_i32());
            let id = rest.get_i32();
            format!(
                "{name} {sender}>{receiver} #{id} {}",
                String::from_utf8_lossy(rest)
            )
        }
        5 => format!("ACK {}", rest.get_i32()),
        7 => format!("GROUP_NOTIFICATION {}", String::from_utf8_lossy(rest)),
        14 => "PONG".to_owned(),
        17 => format!(
            "RT {}>{} {}",
            rest.get_i64(),
            rest.get_i64(),
            String::from_utf8_lossy(rest)
        ),
        20 => format!(
            "ROOM_IM {}>{} {}",
            rest.get_i64(),
            rest.get_i64(),
            String::from_utf8_lossy(rest)
        ),
        21 => format!("SYSTEM {}", String::from_utf8_lossy(rest)),
        27 => format!("SYNC_BEGIN {}", rest.get_i64()),
        28 => format!("SYNC_END {}", rest.get_i64()),
        29 => format!("SYNC_NOTIFY {}", rest.get_i64()),
        31 => format!("SYNC_GROUP_BEGIN {} {}", rest.get_i64(), rest.get_i64()),
        32 => format!("SYNC_GROUP_END {} {}", rest.get_i64(), rest.get_i64()),
        33 => format!("SYNC_GROUP_NOTIFY {} {}", rest.get_i64(), rest.get_i64()),
        36 => format!("NOTIFICATION {}", String::from_utf8_lossy(rest)),
        37 => format!("METADATA {} {}", rest.get_i64(), rest.get_i64()),
        other => format!("command {other}"),
    };
    let flag = if flag == 0 {
        String::new()
    } else {
        format!(" flag={flag:x}")
    };
    format!("{seq} v{version}{flag} {body}")
}

/// A connection under test.
struct Talk {
    connection: Connection,
    seq: i32,
    now: Timestamp,
    asked: Vec<Effect>,
    shown: Vec<String>,
}

impl Talk {
    fn stranger() -> Talk {
        Talk {
            connection: Connection::new(7, 1, NOW),
            seq: 0,
            now: NOW,
            asked: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// Ann, logged in from the web; her last key is 5.
    fn ann() -> Talk {
        let mut talk = Talk::stranger();
        talk.says(auth());
        talk.proven();
        talk.take();
        talk.asked.clear();
        talk
    }

    fn proven(&mut self) {
        let proof = Proof {
            account: ANN,
            silenced: false,
            groups: [(GROUP, false), (SUPER, true)].into(),
            place: Place {
                end: CommitKey(5),
                clear: CommitKey(9),
            },
        };
        self.with(|connection, now, out| connection.proven(Ok(Some(proof)), now, out));
    }

    fn with(&mut self, act: impl FnOnce(&mut Connection, Timestamp, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.connection, self.now, &mut out);
        for effect in out {
            match effect {
                Effect::Send(bytes) => self.shown.push(words(&bytes)),
                other => self.asked.push(other),
            }
        }
    }

    fn says(&mut self, request: ClientRequest) {
        self.seq += 1;
        let frame = ClientFrame {
            seq: self.seq,
            version: 1,
            flag: 0,
            request,
        };
        self.with(|connection, now, out| connection.frame(frame, now, out));
    }

    fn hears(&mut self, push: Push) {
        self.with(|connection, now, out| connection.deliver(&Delivery::new(push), now, out));
    }

    fn lines(&mut self, lines: &[(i64, RoomId, i64)]) {
        let lines: Vec<Entry> = lines
            .iter()
            .map(|(key, room, seq)| Entry {
                key: CommitKey(*key),
                room: *room,
                seq: Seq(*seq),
                newcomers: Vec::new(),
            })
            .collect();
        self.with(|connection, now, out| connection.lines(&lines, now, out));
    }

    fn posted(&mut self, message: ChatMessage) {
        self.with(|connection, now, out| connection.posted(Ok(message), now, out));
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.shown)
    }
}

fn auth() -> ClientRequest {
    ClientRequest::Auth(AuthToken {
        platform: 3,
        token: "tok".to_owned(),
        device: "dev".to_owned(),
    })
}

fn im(sender: AccountId, receiver: i64, content: &str) -> Im {
    Im {
        sender: sender.0,
        receiver,
        time: 0,
        local_id: 7,
        content: content.into(),
    }
}

fn message(room: RoomId, seq: i64, sender: AccountId, content: &str) -> ChatMessage {
    let origin = Origin {
        device: "web".to_owned(),
        local_id: 7,
        ..Origin::default()
    };
    let post = content::post(&content.into(), origin);
    ChatMessage {
        id: MessageId(seq),
        room,
        seq: Seq(seq),
        sender,
        kind: post.kind,
        body: post.body,
        private: false,
        extra: post.extra,
        created_at: Timestamp(0),
        revoked_at: None,
    }
}

fn kind_of(room: RoomId) -> RoomKind {
    if room == DIRECT {
        RoomKind::direct(ANN, BOB)
    } else {
        RoomKind::Group
    }
}

fn posted(message: ChatMessage) -> Push {
    Push::Posted {
        kind: kind_of(message.room),
        message,
    }
}

fn inbox(items: Vec<(i64, ChatMessage)>, end: i64, more: bool) -> Inbox {
    let items = items.into_iter().map(|(key, message)| InboxItem {
        key: CommitKey(key),
        kind: kind_of(message.room),
        message,
    });
    Inbox {
        items: items.collect(),
        end: CommitKey(end),
        clear: CommitKey(end),
        more,
    }
}

fn sync_from(key: Option<i64>) -> Effect {
    Effect::Sync {
        after: key.map(CommitKey),
        keep: None,
    }
}
