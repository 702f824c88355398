//! WebSocket as a light client needs it: frames read in place from what a socket gave, and the few frames it sends.

use std::net::SocketAddr;
use thiserror::Error;

/// The opcodes of RFC 6455 that are met here.
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Longer frames are not for this tool.
const PAYLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a server sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// With its code; 1005 when there is none.
    Close(u16),
}

/// What a server must not send.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameFault {
    #[error("a masked frame from the server")]
    Masked,
    #[error("a frame of kind {0:#x}, which this tool does not expect")]
    Kind(u8),
    #[error("a frame of {0} bytes")]
    Long(u64),
}

/// Reads one frame from the front. `None`: it is not all there yet. Otherwise the frame and the bytes it took.
pub fn read(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameFault> {
    let &[first, second, ref rest @ ..] = bytes else {
        return Ok(None);
    };
    if second & MASKED != 0 {
        return Err(FrameFault::Masked);
    }
    let (length, head) = match second {
        126 => match rest.first_chunk() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        short => (u64::from(short), 2),
    };
    if length > PAYLOAD_BYTES_MAX {
        return Err(FrameFault::Long(length));
    }
    let end = head + length as usize;
    let Some(payload) = bytes.get(head..end) else {
        return Ok(None);
    };
    let frame = match first {
        kind if kind == FIN | TEXT => Frame::Text(payload),
        kind if kind == FIN | PING => Frame::Ping(payload),
        kind if kind == FIN | PONG => Frame::Pong,
        kind if kind == FIN | CLOSE => Frame::Close(close_code(payload)),
        kind => return Err(FrameFault::Kind(kind)),
    };
    Ok(Some((frame, end)))
}

fn close_code(payload: &[u8]) -> u16 {
    const NO_CODE: u16 = 1005;
    payload
        .first_chunk()
        .map_or(NO_CODE, |code| u16::from_be_bytes(*code))
}

/// A text frame as a server sends it.
#[must_use]
pub fn server_text(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FIN | TEXT];
    push_length(&mut frame, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

/// The answer to a ping, masked as a client must. The mask is fixed: it protects proxies, and there are none.
#[must_use]
pub fn client_pong(payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];
    let mut frame = vec![FIN | PONG];
    push_length(&mut frame, payload.len(), MASKED);
    frame.extend_from_slice(&MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn push_length(frame: &mut Vec<u8>, length: usize, flag: u8) {
    match length {
        0..=125 => frame.push(flag | length as u8),
        126..=0xffff => {
            frame.push(flag | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(flag | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The request that opens a socket. `key` is 16 bytes in base64.
#[must_use]
pub fn handshake(address: SocketAddr, path: &str, token: &str, key: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: {token}\r\n\r\n"
    )
}

/// What proves that the other side read the key.
#[must_use]
pub fn accept_key(key: &str) -> String {
    let hashed = actix_http::ws::hash_key(key.as_bytes());
    hashed.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_where_they_lie() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; length];
            let mut bytes = server_text(&payload);
            let whole = bytes.len();
            bytes.extend_from_slice(b"\x81\x01y");
            assert_eq!(read(&bytes), Ok(Some((Frame::Text(&payload), whole))));
            assert_eq!(read(&bytes[whole..]), Ok(Some((Frame::Text(b"y"), 3))));
            for part in [0, 1, whole - 1] {
                assert_eq!(read(&bytes[..part]), Ok(None), "{length}, {part}");
            }
        }
    }

    #[test]
    fn control_frames_are_told_apart() {
        assert_eq!(read(b"\x89\x02hi"), Ok(Some((Frame::Ping(b"hi"), 4))));
        assert_eq!(read(b"\x8a\x00"), Ok(Some((Frame::Pong, 2))));
        assert_eq!(read(b"\x88\x02\x03\xf4"), Ok(Some((Frame::Close(1012), 4))));
        assert_eq!(read(b"\x88\x00"), Ok(Some((Frame::Close(1005), 2))));
    }

    #[test]
    fn what_a_server_must_not_send_is_a_fault() {
        assert_eq!(read(b"\x81\x81abcde"), Err(FrameFault::Masked));
        assert_eq!(read(b"\x01\x00"), Err(FrameFault::Kind(1)));
        assert_eq!(read(b"\x80\x00"), Err(FrameFault::Kind(0x80)));
        let endless = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(read(&endless), Err(FrameFault::Long(u64::MAX)));
    }

    #[test]
    fn a_pong_is_masked_and_carries_the_ping() {
        let pong = client_pong(b"hello");
        assert_eq!(pong[..2], [0x8a, 0x85]);
        let mask = [pong[2], pong[3], pong[4], pong[5]];
        let plain: Vec<u8> = pong[6..]
            .iter()
            .zip(mask.iter().cycle())
            .map(|(b, m)| b ^ m)
            .collect();
        assert_eq!(plain, b"hello");
    }

    #[test]
    fn the_accepted_key_is_that_of_the_rfc() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
