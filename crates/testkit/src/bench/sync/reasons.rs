//! Where a peer is ahead or an aim is missed, and why.

use super::record::Record;
use super::results::Results;
use super::systems::System;

/// A figure by which systems are compared; less is better in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    AckP99,
    BroadcastP99,
    Cpu,
    Memory,
}

impl Figure {
    pub(super) const ALL: [Self; 4] = [Self::AckP99, Self::BroadcastP99, Self::Cpu, Self::Memory];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AckP99 => "ack p99",
            Self::BroadcastP99 => "broadcast p99",
            Self::Cpu => "CPU of server and Redis per 100k moves",
            Self::Memory => "memory per socket",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::AckP99 | Self::BroadcastP99 => "ms",
            Self::Cpu => "s",
            Self::Memory => "KiB",
        }
    }

    /// Returns the figure; none where it says nothing.
    pub(super) fn of(self, record: &Record) -> Option<f64> {
        let many_sockets = record.sockets >= 1000;
        match self {
            Self::AckP99 => (record.moves > 0).then_some(record.ack.p99_ms),
            Self::BroadcastP99 => (record.moves > 0).then_some(record.broadcast.p99_ms),
            Self::Cpu => (record.moves > 0)
                .then_some(record.server_cpu_s_per_100k + record.redis_cpu_s_per_100k),
            Self::Memory => many_sockets.then_some(record.rss_per_socket_kib),
        }
    }

    pub(super) fn text(self, value: f64) -> String {
        let digits = if value < 10.0 { 1 } else { 0 };
        format!("{value:.digits$} {}", self.unit())
    }

    /// Says why a peer can be ahead in this figure.
    fn reason(self, peer: System) -> &'static str {
        match (self, peer) {
            (Self::AckP99 | Self::BroadcastP99, System::Hocuspocus) => {
                "It answers and forwards from its own memory and stores the document seconds later: \
                 a crash loses what was acknowledged in between. Graphy tells a move to anybody \
                 only after it is durable in the queue, decided, and written to Redis, which is \
                 two round trips more, and gathers moves for some milliseconds so that each \
                 round and each frame carries several."
            }
            (Self::AckP99 | Self::BroadcastP99, System::Sharedb) => {
                "Far from saturation it needs one read and one script of Redis for a move, without \
                 a queue before them; Graphy makes a move durable in the queue first, so that a \
                 node may die at any moment, and gathers moves for some milliseconds. With more \
                 editors on one document ShareDB saturates: each commit that overlaps another \
                 one is transformed and tried again."
            }
            (Self::AckP99 | Self::BroadcastP99, System::SharedbMemory) => "It stores nothing.",
            (Self::Cpu, System::Hocuspocus) => {
                "It touches Redis only to tell other nodes, and decides nothing: an update is merged \
                 into a document in memory and forwarded. Graphy pays for the job in the queue, the \
                 decision and the write of every batch."
            }
            (Self::Cpu, System::Sharedb | System::SharedbMemory) => {
                "At a rate this low a batch of Graphy holds a single move, so each move pays for a \
                 whole job of the queue, some 60 commands inside Redis; and both send each move to \
                 each socket by itself, so nothing is saved by merging."
            }
            (Self::Memory, _) => {
                "A socket of Graphy has three tasks, an outgoing queue with its bounds, rate limits \
                 and its own read and write buffers."
            }
            (_, System::Graphy) => "Graphy is no peer.",
        }
    }
}

/// What is promised of a row.
struct Aim {
    row: &'static str,
    what: &'static str,
    unit: &'static str,
    limit: f64,
    of: fn(&Record) -> f64,
    missed: &'static str,
}

const LATENCY_MISSED: &str = "A move waits for the batch under way and then for the hub's next \
    frame; both waits are bounded by timers of a few milliseconds, and on two cores driver, node \
    and Redis also wait for each other.";
const SYNCED_MISSED: &str = "With every write synced, a move waits for the disk three times: when \
    its job is added, when it is fetched, and when its effect is written, and often for the rest \
    of the round before it.";
const CPU_MISSED: &str = "Two costs do not shrink with the load: a job of the queue is some 60 \
    commands inside Redis however few moves it carries, and every frame is one write for each of \
    the 64 sockets, over loopback some 6 to 9 µs each. At 640 moves a second there are only a few \
    moves per job and per frame.";

const AIMS: &[Aim] = &[
    Aim {
        row: "editors",
        what: "64 editors, everysec: ack p95",
        unit: "ms",
        limit: 10.0,
        of: |record| record.ack.p95_ms,
        missed: LATENCY_MISSED,
    },
    Aim {
        row: "editors",
        what: "64 editors, everysec: ack p99",
        unit: "ms",
        limit: 25.0,
        of: |record| record.ack.p99_ms,
        missed: LATENCY_MISSED,
    },
    Aim {
        row: "editors",
        what: "64 editors, everysec: broadcast p99",
        unit: "ms",
        limit: 15.0,
        of: |record| record.broadcast.p99_ms,
        missed: LATENCY_MISSED,
    },
    Aim {
        row: "always",
        what: "64 editors, always: ack p95",
        unit: "ms",
        limit: 10.0,
        of: |record| record.ack.p95_ms,
        missed: SYNCED_MISSED,
    },
    Aim {
        row: "always",
        what: "64 editors, always: ack p99",
        unit: "ms",
        limit: 25.0,
        of: |record| record.ack.p99_ms,
        missed: SYNCED_MISSED,
    },
    Aim {
        row: "always",
        what: "64 editors, always: broadcast p99",
        unit: "ms",
        limit: 15.0,
        of: |record| record.broadcast.p99_ms,
        missed: SYNCED_MISSED,
    },
    Aim {
        row: "editors",
        what: "server CPU per 100k moves",
        unit: "s",
        limit: 10.0,
        of: |record| record.server_cpu_s_per_100k,
        missed: CPU_MISSED,
    },
    Aim {
        row: "active",
        what: "1000 active sockets: memory of the node",
        unit: "MiB",
        limit: 150.0,
        of: |record| record.rss_end_mib,
        missed: "The buffers of a thousand sockets that are written to at once.",
    },
    Aim {
        row: "idle",
        what: "10 000 idle sockets: memory of the node",
        unit: "MiB",
        limit: 512.0,
        of: |record| record.rss_end_mib,
        missed: "See the memory of a socket.",
    },
    Aim {
        row: "idle",
        what: "memory of an idle socket",
        unit: "KiB",
        limit: 40.0,
        of: |record| record.rss_per_socket_kib,
        missed: "A socket has three tasks, an outgoing queue, rate limits and buffers of 4 KiB \
                 each way; the allocator keeps what the handshake and the first state needed.",
    },
];

/// How much a slow reader may raise the others' p99 before it counts as a move: what two runs of
/// the same row differ by on a noisy machine.
const NOISE: f64 = 1.5;

/// Writes the table of aims.
pub(super) fn aims(results: &Results) -> String {
    let mut text = "| aim | limit | measured | |\n|---|---|---|---|\n".to_owned();
    let mut missed = Vec::new();
    for aim in AIMS {
        let Some(record) = results.find(aim.row, System::Graphy) else {
            continue;
        };
        let value = (aim.of)(record);
        let reached = value <= aim.limit;
        let verdict = if reached { "reached" } else { "**missed**" };
        let (what, unit, limit) = (aim.what, aim.unit, aim.limit);
        text.push_str(&format!(
            "| {what} | {limit} {unit} | {value:.1} {unit} | {verdict} |\n"
        ));
        if !reached && !missed.contains(&aim.missed) {
            missed.push(aim.missed);
        }
    }
    if let Some((alone, beside)) = results
        .find("editors", System::Graphy)
        .zip(results.find("slow-reader", System::Graphy))
    {
        let (alone, beside) = (alone.broadcast.p99_ms, beside.broadcast.p99_ms);
        let verdict = if beside <= alone * NOISE {
            "reached"
        } else {
            "**missed**"
        };
        text.push_str(&format!(
            "| broadcast p99 beside a reader of 10 KB/s | as without, {alone:.1} ms \
             | {beside:.1} ms | {verdict} |\n"
        ));
    }
    for reason in missed {
        text.push_str(&format!("\nMissed: {reason}\n"));
    }
    text
}

/// Lists where a peer is ahead, with the reason, the same reason once.
pub(super) fn behind(results: &Results) -> String {
    let mut groups: Vec<(&'static str, System, Vec<String>)> = Vec::new();
    for record in &results.records {
        let Some(ours) = results.find(&record.row, System::Graphy) else {
            continue;
        };
        if record.system == System::Graphy || !record.counts() {
            continue;
        }
        for figure in Figure::ALL {
            let (Some(theirs), Some(ours)) = (figure.of(record), figure.of(ours)) else {
                continue;
            };
            if theirs >= ours {
                continue;
            }
            let reason = figure.reason(record.system);
            let line = format!(
                "{}, {}: {} against {}",
                record.row,
                figure.name(),
                figure.text(theirs),
                figure.text(ours)
            );
            match groups
                .iter_mut()
                .find(|(known, system, _)| *known == reason && *system == record.system)
            {
                Some((_, _, lines)) => lines.push(line),
                None => groups.push((reason, record.system, vec![line])),
            }
        }
    }
    let mut text = String::new();
    for (reason, system, lines) in groups {
        text.push_str(&format!(
            "- **{}** ({}). {reason}\n",
            system.name(),
            lines.join("; ")
        ));
    }
    if text.is_empty() {
        text.push_str("No peer is ahead in any row.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sync::rows::ROWS;

    fn record(system: System, p99_ms: f64) -> Record {
        let mut record = Record::failed(&ROWS[0], system, &anyhow::anyhow!("not run"));
        record.failure = None;
        record.hash = Some("00".to_owned());
        record.moves = 1000;
        record.ack.p95_ms = p99_ms;
        record.ack.p99_ms = p99_ms;
        record.broadcast.p99_ms = p99_ms;
        record
    }

    fn results(records: Vec<Record>) -> Results {
        Results {
            machine: String::new(),
            versions: String::new(),
            records,
        }
    }

    #[test]
    fn a_peer_that_is_ahead_is_named_with_its_figures_and_the_reason() {
        let text = behind(&results(vec![
            record(System::Graphy, 12.0),
            record(System::Hocuspocus, 2.0),
            record(System::Sharedb, 50.0),
        ]));
        assert!(text.contains("**Hocuspocus** (editors, ack p99: 2.0 ms against 12 ms"));
        assert!(text.contains("its own memory"));
        assert!(!text.contains("ShareDB"), "{text}");
    }

    #[test]
    fn a_peer_that_lost_something_is_not_compared() {
        let mut lost = record(System::Hocuspocus, 2.0);
        lost.hash = None;
        let text = behind(&results(vec![record(System::Graphy, 12.0), lost]));
        assert_eq!(text, "No peer is ahead in any row.\n");
    }

    #[test]
    fn a_missed_aim_is_said_with_its_reason() {
        let text = aims(&results(vec![record(System::Graphy, 12.0)]));
        assert!(
            text.contains("ack p95 | 10 ms | 12.0 ms | **missed**"),
            "{text}"
        );
        assert!(
            text.contains("ack p99 | 25 ms | 12.0 ms | reached"),
            "{text}"
        );
        assert_eq!(text.matches("Missed:").count(), 1, "{text}");
    }
}
