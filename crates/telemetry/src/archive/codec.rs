//! How numbers and blocks lie in a segment. Pure.
//!
//! A block is a mark, its length, a hash of its content, and the content. Whatever a crash or a bad
//! disk left between two blocks is skipped: the next mark whose hash fits goes on.

use xxhash_rust::xxh3::xxh3_64;

/// What every block begins with.
const MARK: &[u8; 4] = b"GMH1";
/// Mark, length and hash.
const HEAD_BYTES: usize = 4 + 4 + 8;
/// The longest content that is believed.
const CONTENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Appends a block to a segment.
pub(super) fn write_block(content: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(content.len()).expect("a block holds at most an hour of series");
    to.extend_from_slice(MARK);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&xxh3_64(content).to_le_bytes());
    to.extend_from_slice(content);
}

/// The contents of the whole blocks of a segment, in order.
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    pub(super) fn of(segment: &'a [u8]) -> Self {
        Self { rest: segment }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while self.rest.len() >= HEAD_BYTES {
            if let Some(content) = whole_block(self.rest) {
                self.rest = &self.rest[HEAD_BYTES + content.len()..];
                return Some(content);
            }
            let next = self.rest[1..]
                .windows(MARK.len())
                .position(|window| window == MARK)?;
            self.rest = &self.rest[1 + next..];
        }
        None
    }
}

fn whole_block(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > CONTENT_BYTES_MAX {
        return None;
    }
    let content = rest.get(..length)?;
    (xxh3_64(content) == u64::from_le_bytes(*hash)).then_some(content)
}

/// Writes a whole number in as few bytes as it needs.
pub(super) fn write_number(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(low_byte(number) | 0x80);
        number >>= 7;
    }
    to.push(low_byte(number));
}

fn low_byte(number: u64) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits are a byte")
}

/// Reads what was written, from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// Reads a value that was written against `before`.
    pub(super) fn value(&mut self, before: f64) -> Option<f64> {
        let difference = self.number()?.swap_bytes();
        Some(f64::from_bits(before.to_bits() ^ difference))
    }
}

/// Writes a value against the one before: what stays the same costs a byte, and the low bits that
/// round numbers do not use cost none.
pub(super) fn write_value(value: f64, before: f64, to: &mut Vec<u8>) {
    write_number((value.to_bits() ^ before.to_bits()).swap_bytes(), to);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_values_come_back(numbers: Vec<u64>, values: Vec<f64>) {
            let mut bytes = Vec::new();
            for number in &numbers {
                write_number(*number, &mut bytes);
            }
            let mut before = 0.0;
            for value in &values {
                write_value(*value, before, &mut bytes);
                before = *value;
            }
            let mut reader = Reader(&bytes);
            for number in &numbers {
                prop_assert_eq!(reader.number(), Some(*number));
            }
            let mut before = 0.0;
            for value in &values {
                let read = reader.value(before).unwrap();
                prop_assert_eq!(read.to_bits(), value.to_bits());
                before = read;
            }
            prop_assert!(reader.0.is_empty());
        }

        #[test]
        fn no_bytes_make_a_reader_stumble(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            while reader.number().is_some() {}
            for content in Blocks::of(&bytes) {
                prop_assert!(content.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn blocks_are_found_between_rubbish() {
        let mut segment = b"GMH1rubbish".to_vec();
        write_block(b"one", &mut segment);
        segment.extend_from_slice(b"GMH1\x05\0\0\0torn");
        write_block(b"two GMH1 two", &mut segment);
        segment.extend_from_slice(b"GM");
        let found: Vec<&[u8]> = Blocks::of(&segment).collect();
        assert_eq!(found, [b"one".as_slice(), b"two GMH1 two"]);
    }
}
