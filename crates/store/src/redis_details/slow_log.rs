//! The slow log, without values.
//!
//! Which arguments are keys is known by a table of commands. Of a command that is not in it only
//! the name is shown: what is not known to be a key may be a secret.

use redis::Value;

/// How many entries are read.
pub const SLOW_LOG_MAX: usize = 128;
/// How long the text of a command may be, in characters.
const COMMAND_CHARS_MAX: usize = 300;
/// How many keys of a command are shown.
const KEYS_SHOWN: usize = 4;

/// One slow command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowEntry {
    /// The server's number of it.
    pub id: u64,
    /// When, in ms since the Unix epoch.
    pub at_ms: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// The command in upper case, with its subcommand.
    pub command: String,
    /// Its keys, at most a few.
    pub keys: Vec<String>,
    /// How many arguments are not shown.
    pub hidden: usize,
    /// Who sent it: the name of the client, else its address.
    pub client: String,
}

impl SlowEntry {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let Value::Array(parts) = value else {
            return None;
        };
        let number = |at: usize| match parts.get(at) {
            Some(Value::Int(number)) => u64::try_from(*number).ok(),
            _ => None,
        };
        let Some(Value::Array(arguments)) = parts.get(3) else {
            return None;
        };
        let arguments: Vec<String> = arguments.iter().filter_map(text).collect();
        let client = [5, 4].into_iter().filter_map(|at| text(parts.get(at)?));
        let Shown {
            command,
            keys,
            hidden,
        } = shown(&arguments);
        Some(Self {
            id: number(0)?,
            at_ms: number(1)?.saturating_mul(1000),
            duration_us: number(2)?,
            command,
            keys,
            hidden,
            client: client
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        })
    }

    /// Returns the command with its keys, at most 300 characters.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.command.clone();
        for key in &self.keys {
            text.push(' ');
            text.push_str(key);
        }
        if self.hidden > 0 {
            text.push_str(&format!(" … ({} more)", self.hidden));
        }
        text.chars().take(COMMAND_CHARS_MAX).collect()
    }
}

struct Shown {
    command: String,
    keys: Vec<String>,
    hidden: usize,
}

/// Where the keys of a command stand among its arguments.
enum Keys {
    /// There are none.
    None,
    /// There are none, and the first argument is a subcommand.
    Subcommand,
    /// The first argument.
    First,
    /// The second, after a subcommand.
    AfterSubcommand,
    /// All arguments.
    All,
    /// Every other argument, from the first on.
    Pairs,
    /// After the number of them, which is the argument at this place.
    Counted(usize),
    /// The first half after the word STREAMS.
    Streams,
}

fn shown(arguments: &[String]) -> Shown {
    let command = arguments
        .first()
        .map(|name| name.to_uppercase())
        .unwrap_or_default();
    let rest = arguments.get(1..).unwrap_or_default();
    let rule = rule(&command);
    let keys: Vec<&String> = match rule {
        Keys::None | Keys::Subcommand => Vec::new(),
        Keys::First => rest.iter().take(1).collect(),
        Keys::AfterSubcommand => rest.iter().skip(1).take(1).collect(),
        Keys::All => rest.iter().collect(),
        Keys::Pairs => rest.iter().step_by(2).collect(),
        Keys::Counted(at) => {
            let count = rest
                .get(at)
                .and_then(|count| count.parse().ok())
                .unwrap_or(0);
            rest.iter().skip(at + 1).take(count).collect()
        }
        Keys::Streams => {
            let at = rest
                .iter()
                .position(|word| word.eq_ignore_ascii_case("STREAMS"));
            let names = at.map_or(&[][..], |at| &rest[at + 1..]);
            names.iter().take(names.len() / 2).collect()
        }
    };
    let keys: Vec<String> = keys.into_iter().take(KEYS_SHOWN).cloned().collect();
    let mut hidden = rest.len() - keys.len();
    let is_word =
        |word: &&String| word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut name = if command.len() <= 30 {
        command
    } else {
        "?".to_owned()
    };
    if matches!(rule, Keys::Subcommand | Keys::AfterSubcommand)
        && let Some(word) = rest.first().filter(is_word)
    {
        name = format!("{name} {}", word.to_uppercase());
        hidden -= 1;
    }
    Shown {
        command: name,
        keys,
        hidden,
    }
}

fn rule(command: &str) -> Keys {
    match command {
        "CONFIG" | "CLIENT" | "CLUSTER" | "SCRIPT" | "SLOWLOG" | "FUNCTION" | "LATENCY" => {
            Keys::Subcommand
        }
        "MEMORY" | "OBJECT" | "XINFO" | "XGROUP" => Keys::AfterSubcommand,
        "DEL" | "UNLINK" | "EXISTS" | "MGET" | "TOUCH" | "WATCH" | "SUNION" | "SINTER"
        | "SDIFF" | "PFCOUNT" | "PFMERGE" | "RENAME" | "RENAMENX" => Keys::All,
        "MSET" | "MSETNX" => Keys::Pairs,
        "EVAL" | "EVALSHA" | "EVAL_RO" | "EVALSHA_RO" | "FCALL" | "FCALL_RO" => Keys::Counted(1),
        "ZUNION" | "ZINTER" | "ZDIFF" | "SINTERCARD" | "ZINTERCARD" | "LMPOP" | "ZMPOP" => {
            Keys::Counted(0)
        }
        "XREAD" | "XREADGROUP" => Keys::Streams,
        "GET" | "SET" | "SETEX" | "PSETEX" | "SETNX" | "GETDEL" | "GETEX" | "GETSET" | "APPEND"
        | "STRLEN" | "INCR" | "INCRBY" | "INCRBYFLOAT" | "DECR" | "DECRBY" | "GETRANGE"
        | "SETRANGE" | "EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT" | "TTL" | "PTTL"
        | "PERSIST" | "TYPE" | "DUMP" | "RESTORE" | "HGET" | "HSET" | "HSETNX" | "HMGET"
        | "HMSET" | "HGETALL" | "HDEL" | "HLEN" | "HKEYS" | "HVALS" | "HEXISTS" | "HINCRBY"
        | "HINCRBYFLOAT" | "HSCAN" | "HSTRLEN" | "LPUSH" | "RPUSH" | "LPUSHX" | "RPUSHX"
        | "LPOP" | "RPOP" | "LLEN" | "LRANGE" | "LTRIM" | "LINDEX" | "LSET" | "LREM" | "LPOS"
        | "SADD" | "SREM" | "SCARD" | "SMEMBERS" | "SISMEMBER" | "SMISMEMBER" | "SPOP"
        | "SRANDMEMBER" | "SSCAN" | "ZADD" | "ZREM" | "ZCARD" | "ZCOUNT" | "ZSCORE" | "ZMSCORE"
        | "ZRANK" | "ZREVRANK" | "ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE" | "ZREVRANGEBYSCORE"
        | "ZREMRANGEBYSCORE" | "ZREMRANGEBYRANK" | "ZINCRBY" | "ZPOPMIN" | "ZPOPMAX"
        | "BZPOPMIN" | "ZSCAN" | "XADD" | "XLEN" | "XRANGE" | "XREVRANGE" | "XTRIM" | "XDEL"
        | "XACK" | "XPENDING" | "XCLAIM" | "XAUTOCLAIM" | "PFADD" | "SETBIT" | "GETBIT" => {
            Keys::First
        }
        _ => Keys::None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str) -> String {
        let arguments: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let Shown {
            command,
            keys,
            hidden,
        } = shown(&arguments);
        let entry = SlowEntry {
            id: 0,
            at_ms: 0,
            duration_us: 0,
            command,
            keys,
            hidden,
            client: String::new(),
        };
        entry.text()
    }

    #[test]
    fn keys_are_shown_and_values_are_not() {
        for (command, expected) in [
            ("set user:1 hunter2", "SET user:1 … (1 more)"),
            ("HSET h field hunter2", "HSET h … (2 more)"),
            ("mset a hunter2 b hunter2", "MSET a b … (2 more)"),
            ("EVALSHA abc 2 k1 k2 hunter2 x", "EVALSHA k1 k2 … (4 more)"),
            ("EVAL script-with-hunter2 0", "EVAL … (2 more)"),
            ("AUTH hunter2", "AUTH … (1 more)"),
            ("CONFIG SET requirepass hunter2", "CONFIG SET … (2 more)"),
            ("CONFIG hunter2 requirepass", "CONFIG … (2 more)"),
            ("ACL SETUSER a >hunter2", "ACL … (3 more)"),
            (
                "XREADGROUP GROUP g c STREAMS s1 s2 > >",
                "XREADGROUP s1 s2 … (6 more)",
            ),
            ("DEL a b c d e f", "DEL a b c d … (2 more)"),
            ("SOMENEW thing hunter2", "SOMENEW … (2 more)"),
            ("PING", "PING"),
        ] {
            assert_eq!(said(command), expected);
        }
    }
}
