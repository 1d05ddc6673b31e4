//! Escapes characters that could forge a log line or steer a terminal.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Writes through to another writer, with control and direction characters as `\u{…}`.
pub(super) struct Escaped<W>(pub(super) W);

impl<W: fmt::Write> fmt::Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut clean_from = 0;
        for (at, character) in text.char_indices().filter(|(_, c)| is_harmful(*c)) {
            self.0.write_str(&text[clean_from..at])?;
            write!(self.0, "{}", character.escape_unicode())?;
            clean_from = at + character.len_utf8();
        }
        self.0.write_str(&text[clean_from..])
    }
}

/// Returns a text of one line as it can be shown on a terminal.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    Escaped(&mut clean)
        .write_str(text)
        .expect("a string takes every text");
    Cow::Owned(clean)
}

/// Control characters, line and paragraph separators, and marks that reorder text.
pub(super) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmful_characters_change() {
        let mut text = String::new();
        Escaped(&mut text)
            .write_str("grüße\t漢字 \u{7}\u{85}ok\r\n")
            .expect("a string takes it");
        assert_eq!(text, "grüße\\u{9}漢字 \\u{7}\\u{85}ok\\u{d}\\u{a}");
        assert_eq!(printable("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert!(matches!(printable("grüße"), Cow::Borrowed(_)));
    }
}
