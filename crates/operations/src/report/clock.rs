//! Times in words, in UTC. Pure.

use chrono::{DateTime, Utc};

fn in_form(at_ms: u64, form: &str) -> String {
    let moment = i64::try_from(at_ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis);
    let moment = moment.unwrap_or(DateTime::<Utc>::MAX_UTC);
    moment.format(form).to_string()
}

/// As `2026-11-28 10:03 UTC`.
pub(super) fn day_and_time(at_ms: u64) -> String {
    in_form(at_ms, "%Y-%m-%d %H:%M UTC")
}

/// As `11-28`.
pub(super) fn month_and_day(at_ms: u64) -> String {
    in_form(at_ms, "%m-%d")
}

/// As `10:03`.
pub(super) fn time(at_ms: u64) -> String {
    in_form(at_ms, "%H:%M")
}

/// As `10:03:20`.
pub(super) fn time_with_seconds(at_ms: u64) -> String {
    in_form(at_ms, "%H:%M:%S")
}

/// As `20261128-1003`, for names of files.
pub(super) fn stamp(at_ms: u64) -> String {
    in_form(at_ms, "%Y%m%d-%H%M")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(day_and_time(0), "1970-01-01 00:00 UTC");
        assert_eq!(day_and_time(951_782_400_000), "2000-02-29 00:00 UTC");
        assert_eq!(day_and_time(1_795_860_180_000), "2026-11-28 10:03 UTC");
        assert_eq!(time_with_seconds(1_795_860_199_999), "10:03:19");
        assert_eq!(stamp(4_107_542_399_000), "21000228-2359");
    }
}
