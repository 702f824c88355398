//! One websocket frame as it goes over the wire, made once and shared by every session that is sent it.

use actix_http::ws::{CloseCode, CloseReason, OpCode, Parser};
use bytes::{Bytes, BytesMut};

/// An encoded frame of a server: whole and unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    #[must_use]
    pub fn text(text: &str) -> Frame {
        Frame::of(OpCode::Text, text.as_bytes())
    }

    #[must_use]
    pub fn binary(bytes: &[u8]) -> Frame {
        Frame::of(OpCode::Binary, bytes)
    }

    /// A control frame that clients answer by themselves.
    #[must_use]
    pub fn ping() -> Frame {
        Frame::of(OpCode::Ping, &[])
    }

    #[must_use]
    pub fn pong(bytes: &[u8]) -> Frame {
        Frame::of(OpCode::Pong, bytes)
    }

    /// The last frame of a connection.
    #[must_use]
    pub fn close(code: CloseCode, why: &str) -> Frame {
        let description = (!why.is_empty()).then(|| why.to_owned());
        Frame::close_with(Some(CloseReason { code, description }))
    }

    /// The last frame, for a reason as a client gives one.
    #[must_use]
    pub fn close_with(reason: Option<CloseReason>) -> Frame {
        let mut buffer = BytesMut::new();
        Parser::write_close(&mut buffer, reason, false);
        Frame(buffer.freeze())
    }

    fn of(code: OpCode, payload: &[u8]) -> Frame {
        let mut buffer = BytesMut::new();
        Parser::write_message(&mut buffer, payload, code, true, false);
        Frame(buffer.freeze())
    }

    /// This frame and another after it, as one.
    #[must_use]
    pub fn and(&self, next: &Frame) -> Frame {
        Frame([&self.0[..], &next.0[..]].concat().into())
    }

    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_and_unmasked() {
        assert_eq!(&Frame::text("hi").into_bytes()[..], b"\x81\x02hi");
        assert_eq!(&Frame::binary(&[7; 200]).into_bytes()[..4], b"\x82\x7e\x00\xc8");
        assert_eq!(&Frame::ping().into_bytes()[..], b"\x89\x00");
        let both = Frame::ping().and(&Frame::text("hi"));
        assert_eq!(&both.into_bytes()[..], b"\x89\x00\x81\x02hi");
        let close = Frame::close(CloseCode::Restart, "bye");
        assert_eq!(&close.into_bytes()[..], b"\x88\x05\x03\xf4bye");
    }
}
