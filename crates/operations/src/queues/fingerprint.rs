//! Which errors are alike: those that differ only in numbers, ids and quoted texts.

use sha2::{Digest, Sha256};

/// How much of an error counts.
const CHARS_MAX: usize = 1000;
/// From how many hexadecimal digits on a word is an id.
const HEX_DIGITS_MIN: usize = 8;

/// Returns the name of the group of an error: 16 hexadecimal digits.
pub(crate) fn fingerprint(error: &str) -> String {
    let hash = Sha256::digest(normal_form(error).as_bytes());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns an error without what differs between errors that are alike: quoted texts become `…`,
/// ids and numbers become `#`, and runs of white space one space.
pub(crate) fn normal_form(error: &str) -> String {
    let text: String = error.chars().take(CHARS_MAX).collect();
    let text = without_quoted(&text);
    let mut normal = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() || "-_".contains(character) {
            word.push(character);
            continue;
        }
        push_word(&mut normal, &word);
        word.clear();
        if !character.is_whitespace() {
            normal.push(character);
        } else if !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
    normal.trim().to_lowercase()
}

/// Replaces what stands in quotes; an apostrophe inside a word is none.
fn without_quoted(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['"', '\'', '`']) {
        let (before, quoted) = rest.split_at(open);
        let quote = &quoted[..1];
        let in_word = quote == "'" && before.ends_with(char::is_alphanumeric);
        let end = if in_word {
            None
        } else {
            quoted[1..].find(quote)
        };
        plain.push_str(before);
        match end {
            Some(end) => {
                plain.push('…');
                rest = &quoted[end + 2..];
            }
            None => {
                plain.push_str(quote);
                rest = &quoted[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn push_word(normal: &mut String, word: &str) {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let bare = word.chars().filter(|c| !"-_".contains(*c));
    let is_hex = bare.clone().all(|c| c.is_ascii_hexdigit()) && bare.count() >= HEX_DIGITS_MIN;
    if digits > 0 && is_hex {
        normal.push('#');
        return;
    }
    let mut in_number = false;
    for character in word.chars() {
        let digit = character.is_ascii_digit();
        if !digit {
            normal.push(character);
        } else if !in_number {
            normal.push('#');
        }
        in_number = digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_by_chance_is_left_out() {
        let form = normal_form;
        assert_eq!(form("timeout after 30000 ms"), "timeout after # ms");
        assert_eq!(form("user \"ada\" not found"), "user … not found");
        assert_eq!(form("no file '/tmp/x 1'"), "no file …");
        assert_eq!(form("can't  read\n it"), "can't read it");
        assert_eq!(
            form("job 01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a failed"),
            "job # failed"
        );
        assert_eq!(
            form("connect ECONNREFUSED 10.0.0.7:6379"),
            "connect econnrefused #.#.#.#:#"
        );
        assert_eq!(form("commit deadbeef12 is gone"), "commit # is gone");
        assert_eq!(form("node42 is down"), "node# is down");
        assert_eq!(form("an \"open quote"), "an \"open quote");
    }

    #[test]
    fn alike_errors_share_a_name_and_others_do_not() {
        assert_eq!(
            fingerprint("HTTP 502 from 'a'"),
            fingerprint("HTTP 503 from 'b'")
        );
        assert_ne!(fingerprint("HTTP 502"), fingerprint("HTTPS 502"));
        // A promise to bookmarks: the name of a group stays.
        assert_eq!(fingerprint("timeout after 30000 ms").len(), 16);
    }
}
