//! From a key to the family it belongs to.
//!
//! Our own keys are known by their form; of a foreign key each part that looks like an id becomes
//! `{id}`. A graph's id may hold colons, so it is found by its braces.

/// Keys of ours: what they begin with, how many parts an id after it has, whether the rest stays.
const OWN: &[(&str, Tail)] = &[
    ("token:", Tail::Id),
    ("ticket:", Tail::Id),
    ("operation:", Tail::Id),
    ("user_sessions:", Tail::Id),
    ("project_sessions:", Tail::Id),
    ("sessions:", Tail::Id),
    ("node_sessions:", Tail::Id),
    ("operations:", Tail::Id),
    ("project:", Tail::Id),
    ("node:", Tail::IdThenWord),
    ("client:", Tail::IdThenWord),
    ("user:", Tail::IdThenWord),
];

/// What follows the beginning of a key.
#[derive(Clone, Copy)]
enum Tail {
    /// An id up to the end.
    Id,
    /// An id and, perhaps, one more word.
    IdThenWord,
}

/// Words that stay at the end of a key with an id.
const WORDS: &[&str] = &[
    "status",
    "session",
    "commands",
    "pending",
    "disconnected",
    "undo",
    "redo",
];

/// What BullMQ keeps beside the jobs of a queue.
const QUEUE_PARTS: &[&str] = &[
    "active",
    "completed",
    "delayed",
    "events",
    "failed",
    "id",
    "limiter",
    "marker",
    "meta",
    "metrics",
    "paused",
    "pc",
    "prioritized",
    "priority",
    "repeat",
    "stalled",
    "stalled-check",
    "wait",
    "waiting",
    "waiting-children",
    "de",
];
/// What BullMQ keeps beside one job.
const JOB_PARTS: &[&str] = &[
    "dependencies",
    "failed",
    "lock",
    "logs",
    "processed",
    "unsuccessful",
];

/// First parts of the rest of our keys.
const OWN_FIRST: &[&str] = &[
    "analytics",
    "audit",
    "bridge",
    "conflicts",
    "graphs",
    "nodes",
    "queue-bulk",
    "tokens",
    "{alerts}",
    "{audit",
    "{ledger}",
];

/// The longest pattern, in characters.
const PATTERN_CHARS_MAX: usize = 120;

/// Returns the pattern of a key.
pub(super) fn pattern(key: &str) -> String {
    let pattern = own(key).unwrap_or_else(|| foreign(key));
    pattern.chars().take(PATTERN_CHARS_MAX).collect()
}

/// Says whether a key is one of ours, or of a queue: of these the names are no secrets.
pub(super) fn is_ours(key: &str) -> bool {
    let first = key.split(':').next().unwrap_or_default();
    OWN_FIRST.contains(&first) || own(key).is_some()
}

fn own(key: &str) -> Option<String> {
    if let Some(rest) = key.strip_prefix("graph:{") {
        let (_, part) = rest.rsplit_once('}')?;
        let known = part.strip_prefix(':').filter(|part| !part.is_empty())?;
        return Some(format!("graph:{{id}}:{}", parts(known)));
    }
    if let Some(rest) = key.strip_prefix("bull:") {
        return queue(rest);
    }
    if let Some(rest) = key.strip_prefix("doc:") {
        let (collection, _) = rest.split_once(':')?;
        return Some(format!("doc:{}:{{id}}", part(collection)));
    }
    let (prefix, tail) = OWN.iter().find(|(prefix, _)| key.starts_with(prefix))?;
    let rest = &key[prefix.len()..];
    let word = rest
        .rsplit_once(':')
        .map(|(_, word)| word)
        .filter(|word| WORDS.contains(word));
    match (tail, word) {
        (Tail::IdThenWord, Some(word)) => Some(format!("{prefix}{{id}}:{word}")),
        (Tail::Id | Tail::IdThenWord, _) => Some(format!("{prefix}{{id}}")),
    }
}

fn queue(rest: &str) -> Option<String> {
    let (queue, tail) = rest.split_once(':')?;
    let queue = part(queue);
    let mut words = tail.split(':');
    let first = words.next()?;
    if QUEUE_PARTS.contains(&first) {
        let more = if words.next().is_some() { ":{id}" } else { "" };
        return Some(format!("bull:{queue}:{first}{more}"));
    }
    let last = tail
        .rsplit(':')
        .next()
        .filter(|last| JOB_PARTS.contains(last));
    Some(match last {
        Some(last) => format!("bull:{queue}:{{job}}:{last}"),
        None => format!("bull:{queue}:{{job}}"),
    })
}

fn foreign(key: &str) -> String {
    parts(key)
}

fn parts(text: &str) -> String {
    let parts: Vec<&str> = text.split(':').map(part).collect();
    parts.join(":")
}

/// Keeps a part that looks like a word.
fn part(text: &str) -> &str {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters_fit = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let is_hex = text.len() >= 8
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // Words have few digits, are short and are written in the letters of identifiers.
    let is_word =
        letters_fit && !is_hex && text.len() <= 32 && digits <= 2 && digits < text.len().max(1);
    if is_word { text } else { "{id}" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_kind_have_one_pattern() {
        for (key, expected) in [
            ("graph:{g_1}:nodes", "graph:{id}:nodes"),
            ("graph:{a:b}c}:state", "graph:{id}:state"),
            ("graphs", "graphs"),
            ("token:0123456789abcdef", "token:{id}"),
            ("node:ab12:status", "node:{id}:status"),
            ("node:ab12", "node:{id}"),
            ("user:ann:x:session", "user:{id}:session"),
            ("doc:projects:p:1", "doc:projects:{id}"),
            ("bull:graph-commands:wait", "bull:graph-commands:wait"),
            (
                "bull:graph-commands:0199-aa:lock",
                "bull:graph-commands:{job}:lock",
            ),
            ("bull:graph-commands:42", "bull:graph-commands:{job}"),
            ("bull:q:repeat:abc:1", "bull:q:repeat:{id}"),
            ("bull:q:metrics:completed:data", "bull:q:metrics:{id}"),
            ("shop:cart:12345", "shop:cart:{id}"),
            ("sess:8c7bd5b0-7d1c-4a5e-9f62-0a0b0c0d0e0f", "sess:{id}"),
            ("cache:v2:users", "cache:v2:users"),
            ("deadbeefdeadbeef", "{id}"),
            ("a b c", "{id}"),
            ("cart:ann@example.org", "cart:{id}"),
            ("", ""),
        ] {
            assert_eq!(pattern(key), expected, "{key}");
        }
    }
}
