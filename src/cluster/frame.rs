//! Frames on a link: a length in four bytes, big-endian, then so many bytes.

use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const PREFIX_BYTES: usize = 4;
/// How much is read at a time, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// Appends a frame.
pub fn put(out: &mut Vec<u8>, body: &[u8]) {
    // Envelopes are far below 4 GiB: see `ENVELOPE_BYTES_MAX`.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}

/// Writes one frame.
pub async fn write(stream: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> io::Result<()> {
    let mut frame = Vec::with_capacity(PREFIX_BYTES + body.len());
    put(&mut frame, body);
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Takes frames off a stream, many with one read.
#[derive(Debug)]
pub struct Frames {
    buffer: BytesMut,
    bytes_max: usize,
}

impl Frames {
    /// Frames longer than `bytes_max` are an error.
    #[must_use]
    pub fn new(bytes_max: usize) -> Frames {
        Frames {
            buffer: BytesMut::new(),
            bytes_max,
        }
    }

    /// From now on longer frames are taken: the peer has proven itself.
    pub fn allow(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// The next frame that has already arrived.
    pub fn ready(&mut self) -> io::Result<Option<BytesMut>> {
        if self.buffer.len() < PREFIX_BYTES {
            return Ok(None);
        }
        let length = (&self.buffer[..PREFIX_BYTES]).get_u32() as usize;
        if length > self.bytes_max {
            let why = format!(
                "a frame of {length} bytes, where at most {} are taken",
                self.bytes_max
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        if self.buffer.len() < PREFIX_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX_BYTES);
        Ok(Some(self.buffer.split_to(length)))
    }

    /// Reads until at least one more byte is there. An end of the stream is an error.
    pub async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        self.buffer.reserve(READ_BYTES);
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the peer closed the link",
            )),
            _ => Ok(()),
        }
    }

    /// The next frame.
    pub async fn next(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<BytesMut> {
        loop {
            if let Some(frame) = self.ready()? {
                return Ok(frame);
            }
            self.fill(stream).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_off_whole_however_they_arrive() {
        let mut bytes = Vec::new();
        for body in [&b"one"[..], b"", b"three"] {
            put(&mut bytes, body);
        }
        for step in 1..bytes.len() {
            let mut frames = Frames::new(16);
            let mut found = Vec::new();
            for piece in bytes.chunks(step) {
                frames.fill(&mut &piece[..]).await.unwrap();
                while let Some(frame) = frames.ready().unwrap() {
                    found.push(frame.to_vec());
                }
            }
            assert_eq!(
                found,
                [b"one".to_vec(), b"".to_vec(), b"three".to_vec()],
                "in pieces of {step}"
            );
        }
    }

    #[tokio::test]
    async fn a_frame_over_the_bound_is_refused_before_it_has_arrived() {
        let mut frames = Frames::new(16);
        let error = frames.next(&mut &b"\x00\x00\x00\x11"[..]).await.unwrap_err();
        assert!(error.to_string().contains("17 bytes"), "{error}");
        let mut http = Frames::new(1 << 20);
        assert!(http.next(&mut &b"GET / HTTP/1.1\r\n\r\n"[..]).await.is_err());
    }

    #[tokio::test]
    async fn an_end_in_mid_frame_is_an_error() {
        let mut frames = Frames::new(16);
        let error = frames.next(&mut &b"\x00\x00\x00\x04abc"[..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
