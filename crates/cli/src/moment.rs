//! Moments as people write them: `-24h`, `now`, `2026-11-28T10:00Z`, or milliseconds since 1970.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

const FORMS: &str = "a moment is `now`, a time back as -30m, -24h or -7d, \
                     a date as 2026-11-28 or 2026-11-28T10:00Z (UTC), or milliseconds since 1970";

/// A moment, perhaps counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds before now.
    Back(u64),
    /// Milliseconds since 1970.
    At(u64),
}

impl Moment {
    /// Returns the moment in milliseconds since 1970.
    pub(crate) fn resolve(self, now_ms: u64) -> u64 {
        match self {
            Self::Back(ms) => now_ms.saturating_sub(ms),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "now" {
            return Ok(Self::Back(0));
        }
        if let Some(back) = text.strip_prefix('-') {
            return back_ms(back).map(Self::Back).ok_or(FORMS);
        }
        if text.len() > 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::At).map_err(|_| FORMS);
        }
        date_ms(text).map(Self::At).ok_or(FORMS)
    }
}

fn back_ms(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit_ms)
}

fn date_ms(text: &str) -> Option<u64> {
    let moment = match text.strip_suffix('Z') {
        Some(text) => ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?,
        None => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_time(NaiveTime::MIN),
    };
    u64::try_from(moment.and_utc().timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let read = |text: &str| text.parse::<Moment>();
        assert_eq!(read("now"), Ok(Moment::Back(0)));
        assert_eq!(read("-24h"), Ok(Moment::Back(86_400_000)));
        assert_eq!(read("-7d"), Ok(Moment::Back(604_800_000)));
        assert_eq!(read("2026-11-28T10:03Z"), Ok(Moment::At(1_795_860_180_000)));
        assert_eq!(read("2000-02-29"), Ok(Moment::At(951_782_400_000)));
        assert_eq!(read("1795860180000"), Ok(Moment::At(1_795_860_180_000)));
        assert_eq!(read("-90s").unwrap().resolve(100_000), 10_000);
        for wrong in [
            "",
            "-",
            "-h",
            "-5w",
            "2026-02-29",
            "2026-11-28T25:00Z",
            "10:00",
            "-é",
            "6h",
            "1969-12-31",
            "-99999999999999999999d",
        ] {
            assert_eq!(read(wrong), Err(FORMS), "{wrong}");
        }
    }
}
