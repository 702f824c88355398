//! Frames of the IM protocol: twelve bytes of header, then a body by command. Big-endian. Total: any bytes give a frame or
//! an error, never a panic. Pure.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;
use thiserror::Error;

/// Length of body, sequence number, command, version, flag, zero.
pub const HEADER_BYTES: usize = 12;
/// The longest body a frame may announce, in bytes.
pub const BODY_BYTES_MAX: usize = 32_767;
/// From this version on message bodies hold a time.
const VERSION_WITH_TIME: u8 = 1;
/// From this version on an acknowledgement holds a status.
const VERSION_WITH_STATUS: u8 = 2;

/// Bits of the header's flag.
pub mod flag {
    /// The message was written by the account that is shown it, on the device it is shown on.
    pub const SELF: u8 = 0x08;
    /// Shown as it was stored, ahead of a sync; a metadata frame comes right before.
    pub const PUSH: u8 = 0x10;
    /// The key in the metadata is that of the group, not of the account.
    pub const SUPER_GROUP: u8 = 0x20;
    /// Bits of a client's message that travel with it: text, not to be kept.
    pub const FROM_CLIENT: u8 = 0x03;
}

/// Status of an acknowledgement.
pub mod status {
    pub const OK: u8 = 0;
    pub const NOT_YOUR_FRIEND: u8 = 2;
    pub const IN_YOUR_BLACKLIST: u8 = 3;
    pub const NOT_A_MEMBER: u8 = 64;
    pub const NO_SUCH_GROUP: u8 = 65;
}

mod command {
    pub const AUTH_STATUS: u8 = 3;
    pub const IM: u8 = 4;
    pub const ACK: u8 = 5;
    pub const GROUP_NOTIFICATION: u8 = 7;
    pub const GROUP_IM: u8 = 8;
    pub const PING: u8 = 13;
    pub const PONG: u8 = 14;
    pub const AUTH_TOKEN: u8 = 15;
    pub const RT: u8 = 17;
    pub const ENTER_ROOM: u8 = 18;
    pub const LEAVE_ROOM: u8 = 19;
    pub const ROOM_IM: u8 = 20;
    pub const SYSTEM: u8 = 21;
    pub const UNREAD_COUNT: u8 = 22;
    pub const CUSTOMER_OLD: u8 = 24;
    pub const CUSTOMER_SUPPORT_OLD: u8 = 25;
    pub const SYNC: u8 = 26;
    pub const SYNC_BEGIN: u8 = 27;
    pub const SYNC_END: u8 = 28;
    pub const SYNC_NOTIFY: u8 = 29;
    pub const SYNC_GROUP: u8 = 30;
    pub const SYNC_GROUP_BEGIN: u8 = 31;
    pub const SYNC_GROUP_END: u8 = 32;
    pub const SYNC_GROUP_NOTIFY: u8 = 33;
    pub const SYNC_KEY: u8 = 34;
    pub const GROUP_SYNC_KEY: u8 = 35;
    pub const NOTIFICATION: u8 = 36;
    pub const METADATA: u8 = 37;
    pub const CUSTOMER: u8 = 64;
}

/// Why bytes are no frame. The connection they came by is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("the body is announced as {0} bytes")]
    Length(i32),
    #[error("the frame ends before its body")]
    Short,
    #[error("command {0} is none that a client sends")]
    Command(u8),
    #[error("the body is too short for command {0}")]
    Body(u8),
    #[error("the text of command {0} is not valid")]
    Text(u8),
}

/// A message between two people, or to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Im {
    pub sender: i64,
    pub receiver: i64,
    /// Seconds since the Unix epoch; 0 where the version has none.
    pub time: i32,
    /// The sending client's own number of the message.
    pub local_id: i32,
    pub content: Arc<str>,
}

/// Something that is passed on and not kept: to a person or to an IM room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rt {
    pub sender: i64,
    pub receiver: i64,
    pub content: Arc<str>,
}

/// A message between people of two apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub sender_app: i64,
    pub sender: i64,
    pub receiver_app: i64,
    pub receiver: i64,
    pub time: i32,
    pub content: Arc<str>,
}

/// What a client proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthToken {
    pub platform: u8,
    pub token: String,
    pub device: String,
}

impl std::fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "AuthToken(platform {}, device {:?})",
            self.platform, self.device
        )
    }
}

/// A frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFrame {
    pub seq: i32,
    pub version: u8,
    pub flag: u8,
    pub request: ClientRequest,
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientRequest {
    Auth(AuthToken),
    Im(Im),
    GroupIm(Im),
    Customer(Customer),
    /// The client has the frame of this number.
    Ack(i32),
    Ping,
    Rt(Rt),
    EnterRoom(i64),
    LeaveRoom(i64),
    RoomIm(Rt),
    Sync(i64),
    SyncGroup {
        group: i64,
        key: i64,
    },
    SyncKey(i64),
    GroupSyncKey {
        group: i64,
        key: i64,
    },
    /// Commands that servers of today take and do nothing about.
    Ignored,
}

/// Takes the next whole frame off a stream's buffer, header included. `None`: more bytes are needed.
pub fn split(buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
    let Some(head) = buffer.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let whole = HEADER_BYTES + body_length(head)?;
    if buffer.len() < whole {
        return Ok(None);
    }
    Ok(Some(buffer.split_to(whole).freeze()))
}

fn body_length(head: &[u8; HEADER_BYTES]) -> Result<usize, FrameError> {
    let length = i32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= BODY_BYTES_MAX)
        .ok_or(FrameError::Length(length))
}

/// Reads a client's frame. Bytes beyond the announced length are not looked at, as with the original server.
pub fn decode(frame: &[u8]) -> Result<ClientFrame, FrameError> {
    let head = frame.first_chunk::<HEADER_BYTES>().ok_or(FrameError::Short)?;
    let length = body_length(head)?;
    let body = frame
        .get(HEADER_BYTES..HEADER_BYTES + length)
        .ok_or(FrameError::Short)?;
    let (command, version) = (head[8], head[9]);
    Ok(ClientFrame {
        seq: i32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        version,
        flag: head[10],
        request: request(Body { command, rest: body }, version)?,
    })
}

fn request(mut body: Body<'_>, version: u8) -> Result<ClientRequest, FrameError> {
    Ok(match body.command {
        command::AUTH_TOKEN => ClientRequest::Auth(AuthToken {
            platform: body.byte()?,
            token: body.short_text()?,
            device: body.short_text()?,
        }),
        command::IM => ClientRequest::Im(body.im(version)?),
        command::GROUP_IM => ClientRequest::GroupIm(body.im(version)?),
        command::CUSTOMER => ClientRequest::Customer(Customer {
            sender_app: body.long()?,
            sender: body.long()?,
            receiver_app: body.long()?,
            receiver: body.long()?,
            time: body.int()?,
            content: body.text()?,
        }),
        command::ACK => ClientRequest::Ack(body.int()?),
        command::PING => ClientRequest::Ping,
        command::RT => ClientRequest::Rt(body.rt()?),
        command::ROOM_IM => ClientRequest::RoomIm(body.rt()?),
        command::ENTER_ROOM => ClientRequest::EnterRoom(body.long()?),
        command::LEAVE_ROOM => ClientRequest::LeaveRoom(body.long()?),
        command::SYNC => ClientRequest::Sync(body.long()?),
        command::SYNC_GROUP => ClientRequest::SyncGroup {
            group: body.long()?,
            key: body.long()?,
        },
        command::SYNC_KEY => ClientRequest::SyncKey(body.long()?),
        command::GROUP_SYNC_KEY => ClientRequest::GroupSyncKey {
            group: body.long()?,
            key: body.long()?,
        },
        command::UNREAD_COUNT => body.int().map(|_| ClientRequest::Ignored)?,
        command::CUSTOMER_OLD | command::CUSTOMER_SUPPORT_OLD => ClientRequest::Ignored,
        other => return Err(FrameError::Command(other)),
    })
}

/// A body as far as it has not been read.
struct Body<'a> {
    command: u8,
    rest: &'a [u8],
}

impl Body<'_> {
    fn byte(&mut self) -> Result<u8, FrameError> {
        self.rest.try_get_u8().map_err(|_| FrameError::Body(self.command))
    }

    fn int(&mut self) -> Result<i32, FrameError> {
        self.rest
            .try_get_i32()
            .map_err(|_| FrameError::Body(self.command))
    }

    fn long(&mut self) -> Result<i64, FrameError> {
        self.rest
            .try_get_i64()
            .map_err(|_| FrameError::Body(self.command))
    }

    /// A text that is preceded by its length in one byte.
    fn short_text(&mut self) -> Result<String, FrameError> {
        let length = usize::from(self.byte()?);
        let (text, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(FrameError::Body(self.command))?;
        self.rest = rest;
        Ok(checked(text, self.command)?.to_owned())
    }

    /// The rest of the body.
    fn text(self) -> Result<Arc<str>, FrameError> {
        Ok(checked(self.rest, self.command)?.into())
    }

    fn im(mut self, version: u8) -> Result<Im, FrameError> {
        Ok(Im {
            sender: self.long()?,
            receiver: self.long()?,
            time: if version >= VERSION_WITH_TIME {
                self.int()?
            } else {
                0
            },
            local_id: self.int()?,
            content: self.text()?,
        })
    }

    fn rt(mut self) -> Result<Rt, FrameError> {
        Ok(Rt {
            sender: self.long()?,
            receiver: self.long()?,
            content: self.text()?,
        })
    }
}

/// Texts are UTF-8 and, because no column keeps it, without NUL.
fn checked(bytes: &[u8], command: u8) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or(FrameError::Text(command))
}

/// A stored message as clients are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Im(Im),
    GroupIm(Im),
    Customer(Customer),
    GroupNotification(Arc<str>),
    System(Arc<str>),
}

impl Shown {
    fn command(&self) -> u8 {
        match self {
            Shown::Im(_) => command::IM,
            Shown::GroupIm(_) => command::GROUP_IM,
            Shown::Customer(_) => command::CUSTOMER,
            Shown::GroupNotification(_) => command::GROUP_NOTIFICATION,
            Shown::System(_) => command::SYSTEM,
        }
    }

    fn put(&self, version: u8, out: &mut BytesMut) {
        match self {
            Shown::Im(im) | Shown::GroupIm(im) => {
                out.put_i64(im.sender);
                out.put_i64(im.receiver);
                if version >= VERSION_WITH_TIME {
                    out.put_i32(im.time);
                }
                out.put_i32(im.local_id);
                out.put_slice(im.content.as_bytes());
            }
            Shown::Customer(it) => {
                out.put_i64(it.sender_app);
                out.put_i64(it.sender);
                out.put_i64(it.receiver_app);
                out.put_i64(it.receiver);
                out.put_i32(it.time);
                out.put_slice(it.content.as_bytes());
            }
            Shown::GroupNotification(text) | Shown::System(text) => out.put_slice(text.as_bytes()),
        }
    }
}

/// A frame from the node, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    AuthStatus(i32),
    Message { message: Arc<Shown>, flag: u8 },
    Ack { seq: i32, status: u8, flag: u8 },
    Pong,
    Rt(Rt),
    RoomIm(Rt),
    Notification(Arc<str>),
    SyncBegin(i64),
    SyncEnd(i64),
    SyncNotify(i64),
    SyncGroupBegin { group: i64, key: i64 },
    SyncGroupEnd { group: i64, key: i64 },
    SyncGroupNotify { group: i64, key: i64 },
    Metadata { key: i64, previous: i64 },
}

/// What a metadata frame ends with, in bytes, all zero.
const METADATA_PADDING_BYTES: usize = 16;

impl ServerFrame {
    fn command_and_flag(&self) -> (u8, u8) {
        match self {
            ServerFrame::AuthStatus(_) => (command::AUTH_STATUS, 0),
            ServerFrame::Message { message, flag } => (message.command(), *flag),
            ServerFrame::Ack { flag, .. } => (command::ACK, *flag),
            ServerFrame::Pong => (command::PONG, 0),
            ServerFrame::Rt(_) => (command::RT, 0),
            ServerFrame::RoomIm(_) => (command::ROOM_IM, 0),
            ServerFrame::Notification(_) => (command::NOTIFICATION, 0),
            ServerFrame::SyncBegin(_) => (command::SYNC_BEGIN, 0),
            ServerFrame::SyncEnd(_) => (command::SYNC_END, 0),
            ServerFrame::SyncNotify(_) => (command::SYNC_NOTIFY, 0),
            ServerFrame::SyncGroupBegin { .. } => (command::SYNC_GROUP_BEGIN, 0),
            ServerFrame::SyncGroupEnd { .. } => (command::SYNC_GROUP_END, 0),
            ServerFrame::SyncGroupNotify { .. } => (command::SYNC_GROUP_NOTIFY, 0),
            ServerFrame::Metadata { .. } => (command::METADATA, 0),
        }
    }

    fn put_body(&self, version: u8, out: &mut BytesMut) {
        match self {
            ServerFrame::AuthStatus(status) => out.put_i32(*status),
            ServerFrame::Message { message, .. } => message.put(version, out),
            ServerFrame::Ack { seq, status, .. } => {
                out.put_i32(*seq);
                if version >= VERSION_WITH_STATUS {
                    out.put_u8(*status);
                }
            }
            ServerFrame::Pong => {}
            ServerFrame::Rt(rt) | ServerFrame::RoomIm(rt) => {
                out.put_i64(rt.sender);
                out.put_i64(rt.receiver);
                out.put_slice(rt.content.as_bytes());
            }
            ServerFrame::Notification(text) => out.put_slice(text.as_bytes()),
            ServerFrame::SyncBegin(key) | ServerFrame::SyncEnd(key) | ServerFrame::SyncNotify(key) => {
                out.put_i64(*key);
            }
            ServerFrame::SyncGroupBegin { group, key }
            | ServerFrame::SyncGroupEnd { group, key }
            | ServerFrame::SyncGroupNotify { group, key } => {
                out.put_i64(*group);
                out.put_i64(*key);
            }
            ServerFrame::Metadata { key, previous } => {
                out.put_i64(*key);
                out.put_i64(*previous);
                out.put_bytes(0, METADATA_PADDING_BYTES);
            }
        }
    }

    /// The frame as bytes, numbered `seq` and in a client's version.
    #[must_use]
    pub fn encode(&self, seq: i32, version: u8) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        out.put_i32(0);
        out.put_i32(seq);
        let (command, flag) = self.command_and_flag();
        out.put_slice(&[command, version, flag, 0]);
        self.put_body(version, &mut out);
        // Nothing that is stored or passed on is longer than an i32 can say.
        let length = i32::try_from(out.len() - HEADER_BYTES).unwrap_or(i32::MAX);
        out[..4].copy_from_slice(&length.to_be_bytes());
        out.freeze()
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
