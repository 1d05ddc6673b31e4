//! The byte encoding of Yjs and Hocuspocus (lib0), as much of it as is needed.

use anyhow::{Context, bail};

/// Writes an unsigned number, seven bits a byte.
pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

/// Writes bytes with their length.
pub(super) fn write_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    write_number(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

/// Writes a number that is not negative as a value of the type "any".
pub(super) fn write_any(bytes: &mut Vec<u8>, number: u32) {
    bytes.push(125);
    let mut rest = u64::from(number);
    let more = |rest: u64| if rest > 0 { 0x80 } else { 0 };
    let low = (rest & 0x3f) as u8;
    rest >>= 6;
    bytes.push(more(rest) | low);
    while rest > 0 {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes.push(more(rest) | low);
    }
}

/// A value of the type "any"; what the driver does not write is not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Any {
    Number(u32),
    Other,
}

/// Reads from bytes.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> anyhow::Result<u8> {
        let (first, rest) = self.rest.split_first().context("bytes are missing")?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn take(&mut self, count: usize) -> anyhow::Result<&'a [u8]> {
        let taken = self.rest.get(..count).context("bytes are missing")?;
        self.rest = &self.rest[count..];
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> anyhow::Result<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        bail!("a number is too long")
    }

    pub(super) fn bytes(&mut self) -> anyhow::Result<&'a [u8]> {
        let length = usize::try_from(self.number()?)?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> anyhow::Result<&'a str> {
        Ok(std::str::from_utf8(self.bytes()?)?)
    }

    pub(super) fn any(&mut self) -> anyhow::Result<Any> {
        Ok(match self.byte()? {
            125 => {
                let first = self.byte()?;
                let mut number = u64::from(first & 0x3f);
                let mut more = first & 0x80 != 0;
                let mut shift = 6;
                while more {
                    let byte = self.byte()?;
                    number |= u64::from(byte & 0x7f) << shift;
                    more = byte & 0x80 != 0;
                    shift += 7;
                }
                if first & 0x40 == 0 {
                    Any::Number(u32::try_from(number)?)
                } else {
                    Any::Other
                }
            }
            119 => {
                self.bytes()?;
                Any::Other
            }
            120 | 121 | 126 | 127 => Any::Other,
            other => bail!("a value of kind {other} was never written"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [0, 1, 63, 64, 127, 128, 8191, 8192, 16_384, 2_000_000] {
            let mut bytes = Vec::new();
            write_number(&mut bytes, u64::from(number));
            write_any(&mut bytes, number);
            write_bytes(&mut bytes, b"ab");
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(cursor.number().unwrap(), u64::from(number));
            assert_eq!(cursor.any().unwrap(), Any::Number(number));
            assert_eq!(cursor.text().unwrap(), "ab");
            assert!(cursor.is_empty());
        }
    }

    #[test]
    fn the_encoding_is_that_of_lib0() {
        // As written by lib0: writeAny(1000).
        let mut bytes = Vec::new();
        write_any(&mut bytes, 1000);
        assert_eq!(bytes, [125, 0xa8, 0x0f]);
    }
}
