//! Times in words, in UTC. Pure.

const DAY_MS: u64 = 86_400_000;

/// A day of the calendar and the time on it.
struct Moment {
    year: i64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Moment {
    /// Days to civil date, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    fn of(at_ms: u64) -> Self {
        let days = i64::try_from(at_ms / DAY_MS).unwrap_or(0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = u64::try_from(days.rem_euclid(146_097)).unwrap_or(0);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = i64::try_from(year_of_era).unwrap_or(0) + era * 400 + i64::from(month <= 2);
        let of_day = at_ms % DAY_MS / 1000;
        Self {
            year,
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

/// As `2026-11-28 10:03 UTC`.
pub(super) fn day_and_time(at_ms: u64) -> String {
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Moment::of(at_ms);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// As `11-28`.
pub(super) fn month_and_day(at_ms: u64) -> String {
    let Moment { month, day, .. } = Moment::of(at_ms);
    format!("{month:02}-{day:02}")
}

/// As `10:03`.
pub(super) fn time(at_ms: u64) -> String {
    let Moment { hour, minute, .. } = Moment::of(at_ms);
    format!("{hour:02}:{minute:02}")
}

/// As `10:03:20`.
pub(super) fn time_with_seconds(at_ms: u64) -> String {
    let Moment {
        hour,
        minute,
        second,
        ..
    } = Moment::of(at_ms);
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// As `20261128-1003`, for names of files.
pub(super) fn stamp(at_ms: u64) -> String {
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Moment::of(at_ms);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}")
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
