//! Where one value of Redis' protocol ends and the next begins, in RESP2 and RESP3.

/// Bytes that no version of the protocol allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value of redis' protocol")]
pub(super) struct Malformed;

/// Finds the end of a value that comes in piece by piece; what was looked at once is not looked at
/// again.
#[derive(Debug)]
pub(super) struct Scanner {
    /// How much of the value has been understood.
    at: usize,
    /// How many parts are still to come, the value itself being one.
    left: u64,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { at: 0, left: 1 }
    }
}

impl Scanner {
    /// Returns the length of the value at the start of `bytes`, once it is whole; the next call is
    /// then about the next value. Until then each call must bring the same bytes and more.
    pub(super) fn end_of(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        while self.left > 0 {
            let Some(line) = line(bytes, self.at) else {
                return Ok(None);
            };
            let Some((&mark, rest)) = line.split_first() else {
                return Err(Malformed);
            };
            let body = self.at + line.len() + 2;
            self.at = match mark {
                b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => body,
                b'$' | b'!' | b'=' => match length(rest)? {
                    None => body,
                    Some(length) => {
                        let end = usize::try_from(length)
                            .ok()
                            .and_then(|length| body.checked_add(length)?.checked_add(2))
                            .ok_or(Malformed)?;
                        if bytes.len() < end {
                            return Ok(None);
                        }
                        end
                    }
                },
                b'*' | b'~' | b'>' => {
                    self.expect(length(rest)?, 1)?;
                    body
                }
                b'%' => {
                    self.expect(length(rest)?, 2)?;
                    body
                }
                // Attributes stand before the value that they belong to.
                b'|' => {
                    self.expect(length(rest)?, 2)?;
                    self.left += 1;
                    body
                }
                // A command as people type it; only clients send those, and only whole.
                b'A'..=b'Z' | b'a'..=b'z' if self.at == 0 => body,
                _ => return Err(Malformed),
            };
            self.left -= 1;
        }
        let end = self.at;
        *self = Self::default();
        Ok(Some(end))
    }

    fn expect(&mut self, count: Option<u64>, parts: u64) -> Result<(), Malformed> {
        let more = count.unwrap_or(0).checked_mul(parts);
        let left = more.and_then(|more| self.left.checked_add(more));
        self.left = left.ok_or(Malformed)?;
        Ok(())
    }
}

/// Returns a line from a place on, without its end; none if the end is not there yet.
fn line(bytes: &[u8], from: usize) -> Option<&[u8]> {
    let rest = bytes.get(from..)?;
    let end = rest.iter().position(|byte| *byte == b'\r')?;
    (rest.get(end + 1) == Some(&b'\n')).then(|| &rest[..end])
}

/// Reads a length; -1 stands for nothing at all.
fn length(digits: &[u8]) -> Result<Option<u64>, Malformed> {
    let text = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    if text == "-1" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Malformed)
}

/// The texts of a list of texts, which is what a command is, and a message of publish/subscribe.
pub(super) fn texts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = match (value.first(), line(value, 0)) {
        (Some(b'*' | b'>'), Some(head)) => head.len() + 2,
        _ => value.len(),
    };
    std::iter::from_fn(move || {
        let head = line(value, at)?;
        let (mark, digits) = head.split_first()?;
        if *mark != b'$' {
            return None;
        }
        let length = usize::try_from(length(digits).ok()??).ok()?;
        let body = at + head.len() + 2;
        at = body + length + 2;
        value.get(body..body + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [&[u8]; 18] = [
        b"+OK\r\n",
        b"-ERR no\r\n",
        b":12\r\n",
        b"$5\r\nab\r\nc\r\n",
        b"$0\r\n\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*1\r\n+x\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1.5\r\n",
        b"(123456789012345678901234567890\r\n",
        b"=7\r\ntxt:abc\r\n",
        b"%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n:1\r\n:2\r\n",
        b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
        b"|1\r\n+ttl\r\n:3\r\n*1\r\n:5\r\n",
        b"PING\r\n",
    ];

    #[test]
    fn values_end_where_they_end() {
        for value in VALUES {
            let mut scanner = Scanner::default();
            for cut in 0..value.len() {
                let found = scanner.end_of(&value[..cut]);
                assert_eq!(
                    found,
                    Ok(None),
                    "{:?}",
                    value[..cut].escape_ascii().to_string()
                );
            }
            // What follows is not looked at.
            let more = [value, b"+next\r\n"].concat();
            assert_eq!(scanner.end_of(&more), Ok(Some(value.len())));
            assert_eq!(scanner.end_of(b"+next\r\n"), Ok(Some(7)));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bytes in [
            &b"?\r\n"[..],
            b"\r\n",
            b"$x\r\n",
            b"*1\r\nPING\r\n",
            b"*99999999999999999999\r\n",
            b"$18446744073709551615\r\n",
            b"%18446744073709551615\r\n",
        ] {
            assert_eq!(Scanner::default().end_of(bytes), Err(Malformed));
        }
    }

    #[test]
    fn the_texts_of_a_command_are_found() {
        let command = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n";
        let found: Vec<&[u8]> = texts(command).collect();
        assert_eq!(found, [&b"SET"[..], b"k", b"\r\n\r\n"]);
        assert_eq!(texts(b"+OK\r\n").count(), 0);
        assert_eq!(texts(b"*2\r\n:1\r\n$1\r\na\r\n").count(), 0);
    }
}
