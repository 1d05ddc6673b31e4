//! The fields of INFO that people look at, with what they mean and when they deserve a look.

use graphy_protocol::system::{Fact, FactSection};
use graphy_store::RedisDetails;

/// How a value reads.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Text,
    /// A whole number.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds, as a span.
    Seconds,
    /// Microseconds.
    Micros,
    /// 1 or 0.
    YesNo,
    /// A factor.
    Factor,
    /// Seconds since 1970, as how long ago, compared with the server's own clock.
    Moment,
}

/// When a value deserves a look, and what to say then.
type Concern = fn(&RedisDetails) -> Option<String>;

struct Line {
    section: &'static str,
    label: &'static str,
    field: &'static str,
    form: Form,
    concern: Option<Concern>,
}

const fn line(section: &'static str, label: &'static str, field: &'static str, form: Form) -> Line {
    Line {
        section,
        label,
        field,
        form,
        concern: None,
    }
}

impl Line {
    const fn concern(mut self, concern: Concern) -> Self {
        self.concern = Some(concern);
        self
    }
}

const SECTIONS: [&str; 6] = [
    "server",
    "memory",
    "persistence",
    "clients",
    "traffic",
    "replication",
];

/// Memory beyond this part of its limit deserves a look.
const MEMORY_SHARE_MAX: f64 = 0.8;
/// So does memory that fragmentation multiplies by more, if it is more than a little.
const FRAGMENTATION_MAX: f64 = 1.5;
const FRAGMENTATION_BYTES_MIN: f64 = 100.0 * 1024.0 * 1024.0;
/// So does a fork that held the server up for longer, in microseconds.
const FORK_US_MAX: f64 = 500_000.0;
/// So does a replica that is further behind, in bytes.
const REPLICA_LAG_BYTES_MAX: f64 = 1024.0 * 1024.0;
/// So do clients beyond this part of their limit.
const CLIENTS_SHARE_MAX: f64 = 0.8;

const LINES: &[Line] = &[
    line("server", "Version", "redis_version", Form::Text),
    line("server", "Mode", "redis_mode", Form::Text),
    line("server", "Running for", "uptime_in_seconds", Form::Seconds),
    line("server", "Process", "process_id", Form::Text),
    line("server", "System", "os", Form::Text),
    line("server", "Loading its data", "loading", Form::YesNo).concern(|details| {
        is(details, "loading", "1").then(|| "redis is still loading its data".to_owned())
    }),
    line("memory", "In use", "used_memory", Form::Bytes),
    line("memory", "In RAM", "used_memory_rss", Form::Bytes),
    line("memory", "At most so far", "used_memory_peak", Form::Bytes),
    line("memory", "Limit", "maxmemory", Form::Bytes).concern(|details| {
        let (used, max) = (details.number("used_memory")?, details.number("maxmemory")?);
        (max > 0.0 && used / max > MEMORY_SHARE_MAX)
            .then(|| format!("memory is {:.0} % of its limit", used / max * 100.0))
    }),
    line("memory", "When full", "maxmemory_policy", Form::Text).concern(|details| {
        let policy = details.text("maxmemory_policy")?;
        (policy != "noeviction").then(|| {
            format!("redis throws data away when its memory is full (maxmemory-policy {policy}); set it to noeviction")
        })
    }),
    line("memory", "Fragmentation", "mem_fragmentation_ratio", Form::Factor).concern(|details| {
        let factor = details.number("mem_fragmentation_ratio")?;
        let resident = details.number("used_memory_rss")?;
        (factor > FRAGMENTATION_MAX && resident > FRAGMENTATION_BYTES_MIN).then(|| {
            format!("fragmentation: the server takes {factor:.1} times the memory of its data")
        })
    }),
    line("memory", "Keys thrown away", "evicted_keys", Form::Count).concern(|details| {
        let keys = details.number("evicted_keys")?;
        (keys > 0.0).then(|| format!("{keys:.0} keys were thrown away for lack of memory"))
    }),
    line("persistence", "Append-only file", "aof_enabled", Form::YesNo).concern(|details| {
        is(details, "aof_enabled", "0").then(|| {
            "the append-only file is off: a crash loses what was written since the last snapshot".to_owned()
        })
    }),
    line("persistence", "Last write to it", "aof_last_write_status", Form::Text).concern(|details| {
        fails(details, "aof_last_write_status", "the append-only file cannot be written")
    }),
    line("persistence", "Last rewrite of it", "aof_last_bgrewrite_status", Form::Text).concern(|details| {
        fails(details, "aof_last_bgrewrite_status", "the append-only file could not be rewritten")
    }),
    line("persistence", "Being rewritten", "aof_rewrite_in_progress", Form::YesNo),
    line("persistence", "Its size", "aof_current_size", Form::Bytes),
    line("persistence", "Syncs that waited", "aof_delayed_fsync", Form::Count).concern(|details| {
        let waits = details.number("aof_delayed_fsync")?;
        (waits > 0.0).then(|| format!("the disk was too slow for {waits:.0} syncs of the append-only file"))
    }),
    line("persistence", "Last snapshot", "rdb_last_bgsave_status", Form::Text).concern(|details| {
        fails(details, "rdb_last_bgsave_status", "the last snapshot to disk failed")
    }),
    line("persistence", "Snapshot made", "rdb_last_save_time", Form::Moment),
    line("persistence", "Last fork took", "latest_fork_usec", Form::Micros).concern(|details| {
        let micros = details.number("latest_fork_usec")?;
        (micros > FORK_US_MAX)
            .then(|| format!("the last fork held redis up for {:.1} s", micros / 1e6))
    }),
    line("clients", "Connected", "connected_clients", Form::Count).concern(|details| {
        let (now, max) = (details.number("connected_clients")?, details.number("maxclients")?);
        (max > 0.0 && now / max > CLIENTS_SHARE_MAX)
            .then(|| format!("{now:.0} of at most {max:.0} clients are connected"))
    }),
    line("clients", "Limit", "maxclients", Form::Count),
    line("clients", "Waiting in a blocking command", "blocked_clients", Form::Count).concern(|details| {
        let (blocked, all) = (details.number("blocked_clients")?, details.number("connected_clients")?);
        // Workers wait for jobs this way; a crowd of them does not.
        (blocked > 100.0 && blocked / all.max(1.0) > 0.5)
            .then(|| format!("{blocked:.0} of {all:.0} clients wait in blocking commands"))
    }),
    line("clients", "Turned away", "rejected_connections", Form::Count).concern(|details| {
        let count = details.number("rejected_connections")?;
        (count > 0.0).then(|| format!("{count:.0} connections were turned away (maxclients)"))
    }),
    line("clients", "Subscribed", "pubsub_clients", Form::Count),
    line("traffic", "Commands per second", "instantaneous_ops_per_sec", Form::Count),
    line("traffic", "Commands so far", "total_commands_processed", Form::Count),
    line("traffic", "Received so far", "total_net_input_bytes", Form::Bytes),
    line("traffic", "Sent so far", "total_net_output_bytes", Form::Bytes),
    line("traffic", "Keys found", "keyspace_hits", Form::Count),
    line("traffic", "Keys not found", "keyspace_misses", Form::Count),
    line("traffic", "Keys that expired", "expired_keys", Form::Count),
    line("traffic", "Errors answered", "total_error_replies", Form::Count),
    line("traffic", "CPU in user mode", "used_cpu_user", Form::Seconds),
    line("traffic", "CPU in the system", "used_cpu_sys", Form::Seconds),
    line("replication", "Role", "role", Form::Text).concern(|details| {
        is(details, "role", "slave").then(|| "this redis is a replica; writes are refused".to_owned())
    }),
    line("replication", "Replicas", "connected_slaves", Form::Count).concern(replicas_lag),
    line("replication", "Link to the primary", "master_link_status", Form::Text).concern(|details| {
        is(details, "master_link_status", "down").then(|| "the link to the primary is down".to_owned())
    }),
    line("replication", "Offset", "master_repl_offset", Form::Count),
    line("replication", "Whole copies made", "sync_full", Form::Count),
];

/// Returns the facts by section. What the server does not tell is left out.
pub(super) fn sections(details: &RedisDetails) -> Vec<FactSection> {
    let section = |title: &str| {
        let lines = LINES.iter().filter(|line| line.section == title);
        FactSection {
            title: title.to_owned(),
            facts: lines.filter_map(|line| fact(line, details)).collect(),
        }
    };
    let sections = SECTIONS.iter().map(|title| section(title));
    sections
        .filter(|section| !section.facts.is_empty())
        .collect()
}

/// Returns what deserves a look, in words, also what the server would not tell.
pub(super) fn concerns(details: &RedisDetails) -> Vec<String> {
    let found = LINES.iter().filter_map(|line| (line.concern?)(details));
    let missing = details.missing.iter();
    let missing = missing.map(|missing| format!("{} is missing: {}", missing.part, missing.reason));
    found.chain(missing).collect()
}

fn fact(line: &Line, details: &RedisDetails) -> Option<Fact> {
    let (field, text) = source(line.field, details)?;
    let number = || text.parse::<f64>().ok();
    let value = match line.form {
        Form::Text => text.to_owned(),
        Form::Count => grouped(text),
        Form::Bytes if line.field == "maxmemory" && text == "0" => "none".to_owned(),
        Form::Bytes => bytes(number()?),
        Form::Seconds => span(number()?),
        Form::Micros => format!("{:.1} ms", number()? / 1000.0),
        Form::YesNo => if text == "1" { "yes" } else { "no" }.to_owned(),
        Form::Factor => format!("{:.2}", number()?),
        Form::Moment => {
            let micros = details.number("server_time_usec")?;
            format!("{} ago", span((micros / 1e6 - number()?).max(0.0)))
        }
    };
    Some(Fact {
        label: line.label.to_owned(),
        value,
        source: format!("INFO {field}"),
        concern: line
            .concern
            .is_some_and(|concern| concern(details).is_some()),
    })
}

/// Finds a field; Valkey tells its own version beside the one of Redis that it is compatible with.
fn source<'a>(field: &'static str, details: &'a RedisDetails) -> Option<(&'static str, &'a str)> {
    if field == "redis_version"
        && let Some(version) = details.text("valkey_version")
    {
        return Some(("valkey_version", version));
    }
    Some((field, details.text(field)?))
}

fn is(details: &RedisDetails, field: &str, value: &str) -> bool {
    details.text(field) == Some(value)
}

fn fails(details: &RedisDetails, field: &str, what: &str) -> Option<String> {
    let status = details.text(field)?;
    (status != "ok").then(|| format!("{what} ({field}: {status})"))
}

fn replicas_lag(details: &RedisDetails) -> Option<String> {
    let here = details.number("master_repl_offset")?;
    let offsets = (0..32).map_while(|at| details.text(&format!("slave{at}")));
    let lag = |line: &str| {
        let offset = line
            .split(',')
            .find_map(|part| part.strip_prefix("offset="))?;
        Some(here - offset.parse::<f64>().ok()?)
    };
    let worst = offsets.filter_map(lag).fold(0.0, f64::max);
    (worst > REPLICA_LAG_BYTES_MAX).then(|| format!("a replica is {} behind", bytes(worst)))
}

fn bytes(value: f64) -> String {
    let mut value = value;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{value:.0} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

fn span(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 60.0 => format!("{seconds:.0} s"),
        seconds if seconds < 3600.0 => format!("{:.0} min", seconds / 60.0),
        seconds if seconds < 172_800.0 => format!("{:.1} h", seconds / 3600.0),
        seconds => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// Puts commas between thousands.
fn grouped(digits: &str) -> String {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_owned();
    }
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(fields: &[(&str, &str)]) -> RedisDetails {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        RedisDetails {
            info: fields.iter().map(owned).collect(),
            ..RedisDetails::default()
        }
    }

    #[test]
    fn facts_say_where_they_come_from() {
        let found = sections(&details(&[
            ("redis_version", "7.2.4"),
            ("valkey_version", "8.0.1"),
            ("used_memory", "1572864"),
            ("maxmemory", "0"),
            ("total_commands_processed", "1234567"),
        ]));
        let facts: Vec<String> = found
            .iter()
            .flat_map(|section| &section.facts)
            .map(|fact| format!("{} {} ({})", fact.label, fact.value, fact.source))
            .collect();
        assert_eq!(
            facts,
            [
                "Version 8.0.1 (INFO valkey_version)",
                "In use 1.5 MiB (INFO used_memory)",
                "Limit none (INFO maxmemory)",
                "Commands so far 1,234,567 (INFO total_commands_processed)",
            ]
        );
    }

    #[test]
    fn what_deserves_a_look_is_said_in_words() {
        let fine = details(&[
            ("maxmemory", "100"),
            ("used_memory", "50"),
            ("maxmemory_policy", "noeviction"),
            ("aof_enabled", "1"),
            ("aof_last_write_status", "ok"),
            ("rejected_connections", "0"),
            ("role", "master"),
            ("blocked_clients", "8"),
            ("connected_clients", "10"),
        ]);
        assert_eq!(concerns(&fine), Vec::<String>::new());
        for (field, value, word) in [
            ("used_memory", "90", "90 % of its limit"),
            ("maxmemory_policy", "allkeys-lru", "noeviction"),
            ("aof_last_write_status", "err", "cannot be written"),
            ("rejected_connections", "3", "turned away"),
            ("aof_enabled", "0", "append-only file is off"),
            ("latest_fork_usec", "900000", "0.9 s"),
            ("role", "slave", "replica"),
            ("evicted_keys", "2", "thrown away"),
        ] {
            let mut bad = fine.clone();
            bad.info.insert(field.to_owned(), value.to_owned());
            let said = concerns(&bad);
            assert!(
                said.len() == 1 && said[0].contains(word),
                "{field}: {said:?}"
            );
            let marked = sections(&bad)
                .iter()
                .flat_map(|section| section.facts.clone())
                .filter(|fact| fact.concern)
                .count();
            assert!(marked <= 1, "{field}");
        }
        let mut lags = fine.clone();
        lags.info
            .insert("master_repl_offset".to_owned(), "9000000".to_owned());
        lags.info
            .insert("connected_slaves".to_owned(), "1".to_owned());
        lags.info.insert(
            "slave0".to_owned(),
            "ip=a,port=1,state=online,offset=1".to_owned(),
        );
        assert_eq!(concerns(&lags), ["a replica is 8.6 MiB behind"]);
    }
}
