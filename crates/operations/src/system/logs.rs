//! The newest lines of this node's log.

use std::collections::BTreeMap;

use graphy_protocol::system::{LogLine, LogPage, LogRequest};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_telemetry::logging::ring::{LogRing, RingLine};

/// How many lines an answer has unless it is asked otherwise.
const LINES: u32 = 200;
/// How many it may have.
const LINES_MAX: u32 = 1000;
/// The longest text to look for, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// The levels by their badness; a request for one takes it and what is worse.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Answers `system.logs`.
pub(crate) fn page(request: &LogRequest) -> Result<LogPage, ApiError> {
    let invalid =
        |field: &str, message: String| ApiError::new(ErrorCode::Invalid, message).on(field);
    let limit = request.limit.unwrap_or(LINES);
    if !(1..=LINES_MAX).contains(&limit) {
        return Err(invalid(
            "limit",
            format!("an answer has 1 to {LINES_MAX} lines"),
        ));
    }
    let text = request.text.as_deref().unwrap_or_default();
    if text.chars().count() > TEXT_CHARS_MAX {
        let message = format!("the text to look for has at most {TEXT_CHARS_MAX} characters");
        return Err(invalid("text", message));
    }
    let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
    let least = request.level.as_deref().unwrap_or("trace").to_lowercase();
    let least = rank(&least)
        .ok_or_else(|| invalid("level", format!("a level is one of {}", LEVELS.join(", "))))?;
    let text = text.to_lowercase();
    let wanted = |line: &RingLine| {
        let bad_enough = rank(&line.level.as_str().to_lowercase()).is_some_and(|at| at <= least);
        bad_enough && (text.is_empty() || line.contains(&text))
    };
    let ring = LogRing::of_process();
    let page = ring.newest(request.after.unwrap_or(0), limit as usize, wanted);
    Ok(LogPage {
        lines: page.lines.into_iter().map(line).collect(),
        last_id: page.last_id,
        since: page.since_ms,
    })
}

pub(super) fn line(line: RingLine) -> LogLine {
    let owned = |(name, value): (&'static str, String)| (name.to_owned(), value);
    LogLine {
        id: line.id,
        at: line.at_ms,
        level: line.level.to_string(),
        target: line.target.to_owned(),
        message: line.message,
        fields: line
            .fields
            .into_iter()
            .map(owned)
            .collect::<BTreeMap<_, _>>(),
    }
}
