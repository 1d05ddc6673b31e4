//! Takes out of a text what looks like a secret.
//!
//! This is the second line: secrets have a type of their own whose `Debug` shows nothing. It is for
//! texts that others wrote, such as errors of libraries and lines that a person will look at.
//! It looks for tokens by their form, for logins and queries of URLs, for `Bearer …` and for values
//! after a name that says what they are. It cannot know a secret that looks like an ordinary word.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in the place of a secret.
pub const REDACTED: &str = "<redacted>";

/// Names whose values are secrets, as a part of a pattern.
const NAMES: &str = "authorization|auth|bearer|password|passwd|passphrase|pwd|secret|token|ticket\
    |cookie|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|signature";

/// One place to find a secret: the part before it is kept in group `keep`, what follows in `rest`.
static PATTERNS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    let pattern = |text: &str| Regex::new(text).expect("a fixed pattern, tried by the tests");
    [
        // The query of a URL: keys of webhooks and tickets stand there.
        pattern(r"(?P<keep>[A-Za-z][A-Za-z0-9+.\-]*://[^\s?\x22'<>]*\?)[^\s\x22'<>]+"),
        // The login of a URL.
        pattern(r"(?P<keep>[A-Za-z][A-Za-z0-9+.\-]*://)[^/\s@\x22'<>]+(?P<rest>@)"),
        // Our own tokens and tickets, also cut short; the public half of a token may be seen.
        pattern(r"(?P<keep>\bgk_[0-9a-f]{16}_|\bgk_[a-z0-9]+_|\bgt_)[A-Za-z0-9_\-.]{4,}"),
        pattern(&format!(
            r#"(?i)(?P<keep>[A-Za-z0-9_\-]*(?:{NAMES})[A-Za-z0-9_\-]*\\?["']?\s*[=:]\s*)(?P<quote>\\?["'])?(?P<value>(?:bearer\s+|basic\s+)?[^\s,;&"'<>\\]{{3,}})"#
        )),
        // After the names: what follows `Authorization:` goes as a whole.
        pattern(r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9_\-.~+/=]{4,}"),
    ]
});

/// Returns the text without what looks like a secret.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for pattern in PATTERNS.iter() {
        if pattern.is_match(&out) {
            let cleaned = pattern.replace_all(&out, |found: &Captures<'_>| {
                let part = |name| found.name(name).map_or("", |part| part.as_str());
                format!(
                    "{}{}{REDACTED}{}",
                    part("keep"),
                    part("quote"),
                    part("rest")
                )
            });
            out = Cow::Owned(cleaned.into_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        for (text, expected) in [
            (
                "nothing to hide here: 3 jobs",
                "nothing to hide here: 3 jobs",
            ),
            (
                "used gk_0123456789abcdef_Abc-d_efGH12 twice",
                "used gk_0123456789abcdef_<redacted> twice",
            ),
            (
                "open http://127.0.0.1:1/?ticket=gt_abcdefgh now",
                "open http://127.0.0.1:1/?<redacted> now",
            ),
            ("redis://:hunter2@host:1/0", "redis://<redacted>@host:1/0"),
            ("redis://ann:p:w@host", "redis://<redacted>@host"),
            (
                "Authorization: Bearer abc.def-ghi",
                "Authorization: <redacted>",
            ),
            ("with bearer abcdefgh", "with bearer <redacted>"),
            (
                r#"{"password":"hunter2","n":1}"#,
                r#"{"password":"<redacted>","n":1}"#,
            ),
            (
                "REDIS_PASSWORD=hunter2 next",
                "REDIS_PASSWORD=<redacted> next",
            ),
            ("x-api-key: k-123456", "x-api-key: <redacted>"),
            ("token_id = 12", "token_id = 12"),
            (
                "https://hooks.example/T/B?key=abc&b=2",
                "https://hooks.example/T/B?<redacted>",
            ),
        ] {
            assert_eq!(redact(text), expected);
        }
    }
}
