//! One TCP connection to a server that should speak RFC 6455, and a strict ear for it.

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::frame::{LengthForm, Opcode};

/// The longest head of an answer that is read, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The largest frame of a server that is read, in bytes.
const FRAME_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most that a control frame may hold, in bytes.
const CONTROL_BYTES_MAX: u64 = 125;

/// The head of an HTTP answer.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its status.
    pub status: u16,
    /// Its fields, names in small letters.
    pub fields: HashMap<String, String>,
}

/// What a server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A whole text.
    Text(String),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close, with its code if it has one.
    Close(Option<u16>),
    /// The connection is at its end, in order or not.
    End,
    /// The server broke the RFC itself, or this ear does not know the frame.
    Broken(String),
}

/// A connection.
pub struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends bytes; says whether the connection took them.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Ends this side of the connection; what comes is still read.
    pub async fn finish(&mut self) {
        // It may have ended already, which is as well.
        drop(self.stream.shutdown().await);
    }

    /// Ends the connection by a reset, as a crash or a cut would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn reset(self) -> io::Result<()> {
        let stream = self.stream.into_inner();
        stream.set_zero_linger()
    }

    /// Reads the head of an HTTP answer; none if the connection ends before.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn head(&mut self) -> Result<Option<Head>, String> {
        let mut lines = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            match self.stream.read_line(&mut line).await {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err("the answer is no HTTP".to_owned());
                }
                Ok(0) | Err(_) => return Ok(None),
                Ok(bytes) => length += bytes,
            }
            if length > HEAD_BYTES_MAX {
                return Err("the answer's head has no end".to_owned());
            }
            match line.trim_end_matches(['\r', '\n']) {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        parse_head(&lines).map(Some)
    }

    /// Reads the next frame.
    pub async fn next(&mut self) -> Heard {
        match self.frame().await {
            Ok(heard) => heard,
            Err(_) => Heard::End,
        }
    }

    /// Waits until there is something to read, or the connection is at its end.
    pub async fn peek(&mut self) {
        // Both are for the next read to tell.
        drop(self.stream.fill_buf().await);
    }

    async fn frame(&mut self) -> io::Result<Heard> {
        let first = self.stream.read_u8().await?;
        let second = self.stream.read_u8().await?;
        let (length, form) = match second & 0x7f {
            126 => (u64::from(self.stream.read_u16().await?), LengthForm::Word),
            127 => (self.stream.read_u64().await?, LengthForm::Long),
            short => (u64::from(short), LengthForm::Short),
        };
        let opcode = Opcode(first & 0xf);
        let fault = if first & 0x70 != 0 {
            Some("set a reserved bit")
        } else if second & 0x80 != 0 {
            Some("masked a frame")
        } else if form != LengthForm::shortest(length) {
            Some("wrote a length too long")
        } else if opcode.is_control() && length > CONTROL_BYTES_MAX {
            Some("sent a control frame of more than 125 bytes")
        } else if first & 0x80 == 0 {
            Some("sent a fragment, which ours never does")
        } else if length > FRAME_BYTES_MAX {
            Some("sent a frame larger than any of ours")
        } else {
            None
        };
        if let Some(fault) = fault {
            return Ok(Heard::Broken(format!("the server {fault}")));
        }
        let mut payload = vec![0; usize::try_from(length).unwrap_or_default()];
        self.stream.read_exact(&mut payload).await?;
        Ok(read_payload(opcode, payload))
    }
}

fn parse_head(lines: &[String]) -> Result<Head, String> {
    let (first, rest) = lines.split_first().ok_or("the answer is empty")?;
    let status = first
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| format!("the answer begins with {first:?}"))?;
    let mut fields = HashMap::new();
    for line in rest {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("the answer has the line {line:?}"))?;
        fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Ok(Head { status, fields })
}

fn read_payload(opcode: Opcode, payload: Vec<u8>) -> Heard {
    match opcode {
        Opcode::TEXT => match String::from_utf8(payload) {
            Ok(text) => Heard::Text(text),
            Err(_) => Heard::Broken("the server sent a text that is not UTF-8".to_owned()),
        },
        Opcode::PING => Heard::Ping(payload),
        Opcode::PONG => Heard::Pong(payload),
        Opcode::CLOSE => match payload.as_slice() {
            [] => Heard::Close(None),
            [high, low, reason @ ..] if std::str::from_utf8(reason).is_ok() => {
                Heard::Close(Some(u16::from_be_bytes([*high, *low])))
            }
            _ => Heard::Broken("the server sent a malformed close".to_owned()),
        },
        Opcode(other) => Heard::Broken(format!("the server sent a frame of opcode {other}")),
    }
}
