//! A WebSocket client that costs little: frames are read where they lie, nothing is copied.
//!
//! It speaks what the measured servers speak (RFC 6455 without extensions) and checks no more than
//! it needs; it is for measurements only.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail, ensure};
use tokio::net::{TcpSocket, TcpStream};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// Reads as much as there is.
pub(super) const WHOLE: usize = usize::MAX;
/// The most that a handshake may weigh, in bytes.
const HANDSHAKE_BYTES_MAX: usize = 16 * 1024;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text or binary message.
    Message,
    /// The other end asks whether we are there.
    Ping,
    /// The other end closes.
    Close,
    /// Nothing to look at.
    Other,
}

/// A frame in the buffer of a socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    start: usize,
    end: usize,
}

/// How a socket is opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door<'a> {
    /// Where the server listens.
    pub(super) server: SocketAddr,
    /// From which loopback address; servers limit handshakes by address.
    pub(super) from: Ipv4Addr,
    /// The path of the request.
    pub(super) path: &'a str,
    /// The kernel's buffer for what arrives, in bytes; none leaves it to the kernel.
    pub(super) receive_buffer: Option<u32>,
}

/// An open socket.
pub(super) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer has been handed out.
    taken: usize,
    /// The beginning of a message that came in pieces.
    pieces: Vec<u8>,
    mask: u32,
}

impl Socket {
    /// Connects and shakes hands.
    pub(super) async fn open(door: Door<'_>) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((door.from, 0)))?;
        if let Some(bytes) = door.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(door.server).await.context("connect")?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            stream,
            buffer: Vec::new(),
            taken: 0,
            pieces: Vec::new(),
            mask: 0x9e37_79b9,
        };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            door.path, door.server
        );
        socket.write(request.as_bytes()).await?;
        socket.answered().await?;
        Ok(socket)
    }

    async fn answered(&mut self) -> anyhow::Result<()> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]);
                ensure!(head.starts_with("HTTP/1.1 101"), "no WebSocket: {head}");
                self.taken = end + 4;
                return Ok(());
            }
            ensure!(self.buffer.len() < HANDSHAKE_BYTES_MAX, "an endless answer");
            if self.read(WHOLE).await? == 0 {
                bail!("closed during the handshake");
            }
        }
    }

    /// Waits for bytes and takes in at most so many; 0 means that the other end is gone.
    ///
    /// Cancel-safe: bytes are taken in only when it returns.
    pub(super) async fn read(&mut self, bytes_max: usize) -> std::io::Result<usize> {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        loop {
            self.stream.readable().await?;
            let read = if bytes_max >= READ_BYTES {
                self.buffer.reserve(READ_BYTES);
                self.stream.try_read_buf(&mut self.buffer)
            } else {
                self.read_little(bytes_max)
            };
            match read {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    fn read_little(&mut self, bytes_max: usize) -> std::io::Result<usize> {
        let held = self.buffer.len();
        self.buffer.resize(held + bytes_max, 0);
        let read = self.stream.try_read(&mut self.buffer[held..]);
        self.buffer
            .truncate(held + read.as_ref().map_or(0, |count| *count));
        read
    }

    /// Returns the next whole frame of what was read.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        let held = &self.buffer[self.taken..];
        let [first, second, ..] = *held else {
            return Ok(None);
        };
        ensure!(second & 0x80 == 0, "a server does not mask");
        let (length, head) = match second {
            126 if held.len() >= 4 => (usize::from(u16::from_be_bytes([held[2], held[3]])), 4),
            127 if held.len() >= 10 => {
                let bytes: [u8; 8] = held[2..10].try_into()?;
                (usize::try_from(u64::from_be_bytes(bytes))?, 10)
            }
            126 | 127 => return Ok(None),
            short => (usize::from(short), 2),
        };
        if held.len() < head + length {
            return Ok(None);
        }
        let start = self.taken + head;
        let end = start + length;
        self.taken = end;
        let whole = first & 0x80 != 0;
        let kind = match first & 0x0f {
            0..=2 if !whole || !self.pieces.is_empty() => return self.piece(start, end, whole),
            1 | 2 => Kind::Message,
            8 => Kind::Close,
            9 => Kind::Ping,
            _ => Kind::Other,
        };
        Ok(Some(Frame { kind, start, end }))
    }

    /// Puts a message that comes in pieces together, in the place of its last piece.
    fn piece(&mut self, start: usize, end: usize, last: bool) -> anyhow::Result<Option<Frame>> {
        self.pieces.extend_from_slice(&self.buffer[start..end]);
        if !last {
            return self.next();
        }
        let whole = std::mem::take(&mut self.pieces);
        self.buffer.splice(start..end, whole.iter().copied());
        self.taken = start + whole.len();
        Ok(Some(Frame {
            kind: Kind::Message,
            start,
            end: self.taken,
        }))
    }

    /// Returns what a frame holds; good until the next read.
    pub(super) fn payload(&self, frame: Frame) -> &[u8] {
        &self.buffer[frame.start..frame.end]
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, payload: &[u8], binary: bool) -> anyhow::Result<()> {
        let opcode = if binary { 2 } else { 1 };
        self.frame(opcode, payload).await
    }

    /// Answers a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> anyhow::Result<()> {
        self.frame(10, payload).await
    }

    async fn frame(&mut self, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
        let mut frame = Vec::with_capacity(payload.len() + 14);
        frame.push(0x80 | opcode);
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short)?),
            middle @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(middle)?.to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&u64::try_from(long)?.to_be_bytes());
            }
        }
        self.mask = self
            .mask
            .wrapping_mul(0x0019_660d)
            .wrapping_add(0x3c6e_f35f);
        let mask = self.mask.to_be_bytes();
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
        self.write(&frame).await
    }

    async fn write(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn frames_are_read_whole_whatever_pieces_they_come_in() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let server = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1000];
            let _ = stream.read(&mut request).await.unwrap();
            let mut answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
            answer.extend([0x81, 2, b'h', b'i']);
            answer.extend([0x82, 126, 1, 0]);
            answer.extend([7; 256]);
            answer.extend([0x01, 1, b'a', 0x00, 1, b'b', 0x89, 0, 0x80, 1, b'c']);
            for piece in answer.chunks(5) {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
            stream
        });
        let door = Door {
            server,
            from: Ipv4Addr::LOCALHOST,
            path: "/",
            receive_buffer: None,
        };
        let mut socket = Socket::open(door).await.unwrap();
        let mut messages = Vec::new();
        while messages.len() < 3 {
            while let Some(frame) = socket.next().unwrap() {
                if frame.kind == Kind::Message {
                    messages.push(socket.payload(frame).to_vec());
                }
            }
            if messages.len() < 3 {
                socket.read(WHOLE).await.unwrap();
            }
        }
        assert_eq!(messages[0], b"hi");
        assert_eq!(messages[1], [7; 256]);
        assert_eq!(messages[2], b"abc");
        drop(serving.await.unwrap());
    }
}
