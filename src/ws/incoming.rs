//! What comes in over a socket: frames checked, fragments put together, all within one bound.

use super::{CloseCode, Pipe};
use actix_http::ws::{CloseReason, Codec, Frame, Item, ProtocolError};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::Stream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio_util::codec::Decoder;

/// A whole message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(ByteString),
    Binary(Bytes),
}

/// What a session hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Said(Said),
    Ping(Bytes),
    Pong,
    /// The client says goodbye.
    Goodbye(Option<CloseReason>),
    /// The client broke the protocol or a bound: the last thing that is heard of it.
    Fault(CloseCode, &'static str),
}

/// The messages of one client. Ends with the connection, a goodbye or a fault.
pub struct Incoming {
    payload: web::Payload,
    codec: Codec,
    buffer: BytesMut,
    parts: Option<Parts>,
    bytes_max: usize,
    ended: bool,
    pipe: Rc<Pipe>,
}

/// A message of which fragments are still to come.
struct Parts {
    is_text: bool,
    bytes: BytesMut,
}

impl Incoming {
    /// `bytes_max` bounds a frame and a message.
    #[must_use]
    pub fn new(payload: web::Payload, bytes_max: usize, pipe: Rc<Pipe>) -> Incoming {
        Incoming {
            payload,
            codec: Codec::new().max_size(bytes_max),
            buffer: BytesMut::new(),
            parts: None,
            bytes_max,
            ended: false,
            pipe,
        }
    }

    /// The next thing in the buffer; `None` when it holds no whole frame.
    fn decode(&mut self) -> Option<Heard> {
        loop {
            // Looked at before the codec, which would wait for all of a frame that is too long.
            if declared_len(&self.buffer).is_some_and(|len| len > self.bytes_max as u64) {
                return Some(TOO_LONG);
            }
            let frame = match self.codec.decode(&mut self.buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    if self.buffer.is_empty() {
                        self.buffer = BytesMut::new();
                    }
                    return None;
                }
                Err(ProtocolError::Overflow) => return Some(TOO_LONG),
                Err(_) => return Some(Heard::Fault(CloseCode::Protocol, "not the websocket protocol")),
            };
            match frame {
                Frame::Text(bytes) => return Some(text(bytes)),
                Frame::Binary(bytes) => return Some(Heard::Said(Said::Binary(bytes))),
                Frame::Ping(bytes) => return Some(Heard::Ping(bytes)),
                Frame::Pong(_) => return Some(Heard::Pong),
                Frame::Close(reason) => return Some(Heard::Goodbye(reason)),
                Frame::Continuation(item) => {
                    if let Some(heard) = self.put_together(item) {
                        return Some(heard);
                    }
                }
            }
        }
    }

    fn put_together(&mut self, item: Item) -> Option<Heard> {
        let (bytes, is_last) = match item {
            Item::FirstText(bytes) => return self.first(true, &bytes),
            Item::FirstBinary(bytes) => return self.first(false, &bytes),
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let parts = self.parts.as_mut()?;
        if parts.bytes.len() + bytes.len() > self.bytes_max {
            return Some(TOO_LONG);
        }
        parts.bytes.extend_from_slice(&bytes);
        if !is_last {
            return None;
        }
        let whole = self.parts.take()?;
        Some(if whole.is_text {
            text(whole.bytes.freeze())
        } else {
            Heard::Said(Said::Binary(whole.bytes.freeze()))
        })
    }

    fn first(&mut self, is_text: bool, bytes: &[u8]) -> Option<Heard> {
        self.parts = Some(Parts {
            is_text,
            bytes: BytesMut::from(bytes),
        });
        None
    }
}

const TOO_LONG: Heard = Heard::Fault(CloseCode::Size, "longer than this node takes");

fn text(bytes: Bytes) -> Heard {
    match ByteString::try_from(bytes) {
        Ok(text) => Heard::Said(Said::Text(text)),
        Err(_) => Heard::Fault(CloseCode::Invalid, "text that is not UTF-8"),
    }
}

/// The length of the payload that a frame's head says, once that much of the head is here.
fn declared_len(head: &[u8]) -> Option<u64> {
    match head.get(1)? & 0x7f {
        126 => {
            let bytes = head.get(2..4)?.try_into().ok()?;
            Some(u64::from(u16::from_be_bytes(bytes)))
        }
        127 => Some(u64::from_be_bytes(head.get(2..10)?.try_into().ok()?)),
        short => Some(u64::from(short)),
    }
}

impl Stream for Incoming {
    type Item = Heard;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Heard>> {
        let this = self.get_mut();
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if this.pipe.is_busy() {
                // The pipe wakes this task when it listens again.
                return Poll::Pending;
            }
            if let Some(heard) = this.decode() {
                this.ended = matches!(heard, Heard::Goodbye(_) | Heard::Fault(..));
                return Poll::Ready(Some(heard));
            }
            match Pin::new(&mut this.payload).poll_next(task) {
                Poll::Ready(Some(Ok(chunk))) => this.buffer.extend_from_slice(&chunk),
                Poll::Ready(Some(Err(_)) | None) => this.ended = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame: masked, with a mask of zeros.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            len @ 0..126 => bytes.push(0x80 | len as u8),
            len => {
                bytes.push(0x80 | 126);
                bytes.extend((len as u16).to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes
    }

    /// Everything heard of these bytes, which come a few at a time.
    fn heard(bytes: &[u8]) -> Vec<Heard> {
        let mut incoming = Incoming::new(payload(), 1_000, Pipe::new(None));
        let mut all = Vec::new();
        for chunk in bytes.chunks(7) {
            incoming.buffer.extend_from_slice(chunk);
            while let Some(heard) = incoming.decode() {
                let is_last = matches!(heard, Heard::Fault(..));
                all.push(heard);
                if is_last {
                    return all;
                }
            }
        }
        all
    }

    fn payload() -> web::Payload {
        use actix_web::FromRequest;
        let (request, mut payload) = actix_web::test::TestRequest::get().to_http_parts();
        let mut task = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut web::Payload::from_request(&request, &mut payload)).poll(&mut task) {
            Poll::Ready(Ok(payload)) => payload,
            _ => unreachable!("a payload is taken at once"),
        }
    }

    fn said(text: &str) -> Heard {
        Heard::Said(Said::Text(text.into()))
    }

    #[test]
    fn fragments_become_one_message_with_control_frames_between_them() {
        let mut bytes = frame(0x01, b"hel");
        bytes.extend(frame(0x89, b"ping"));
        bytes.extend(frame(0x80, b"lo"));
        bytes.extend(frame(0x82, &[1, 2]));
        let binary = Heard::Said(Said::Binary(Bytes::from_static(&[1, 2])));
        let ping = Heard::Ping(Bytes::from_static(b"ping"));
        assert_eq!(heard(&bytes), [ping, said("hello"), binary]);
    }

    #[test]
    fn a_character_may_be_cut_by_fragments_but_must_be_whole_in_the_end() {
        let mut bytes = frame(0x01, "你".as_bytes().split_at(1).0);
        bytes.extend(frame(0x80, "你".as_bytes().split_at(1).1));
        assert_eq!(heard(&bytes), [said("你")]);
        let broken = heard(&frame(0x81, &[0xff, 0xfe]));
        assert!(
            matches!(broken[..], [Heard::Fault(CloseCode::Invalid, _)]),
            "{broken:?}"
        );
    }

    #[test]
    fn a_frame_or_message_over_the_bound_is_refused_by_its_head() {
        let long = frame(0x81, &[b'x'; 1_001]);
        assert_eq!(heard(&long[..8]), [TOO_LONG]);
        let mut parts = frame(0x01, &[b'x'; 600]);
        parts.extend(frame(0x00, &[b'x'; 600]));
        assert_eq!(heard(&parts), [TOO_LONG]);
        assert_eq!(heard(&frame(0x81, &[b'x'; 1_000])).len(), 1);
    }

    #[test]
    fn what_breaks_the_protocol_is_a_fault() {
        for bytes in [
            b"\x81\x02hi".to_vec(),
            frame(0x83, b""),
            frame(0xc1, b"x"),
            frame(0x80, b"no first part"),
            frame(0x09, b"a control frame in parts"),
        ] {
            let heard = heard(&bytes);
            assert!(
                matches!(heard[..], [Heard::Fault(CloseCode::Protocol, _)]),
                "{bytes:?}: {heard:?}"
            );
        }
    }
}
