//! Moments as people write them: `-24h`, `now`, `2026-11-28T10:00Z`, or milliseconds since 1970.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

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
    pub(crate) fn resolve(self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        match self {
            Self::Back(ms) => now.saturating_sub(ms),
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
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00Z"));
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let time = time.strip_suffix('Z')?;
    let mut parts = time.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().transpose().ok()?.unwrap_or(0);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = u64::try_from(days_before(year, month) + day - 1).ok()?;
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1000)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let years: i64 = (1970..year)
        .map(|year| 365 + i64::from(is_leap(year)))
        .sum();
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>()
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
        for wrong in [
            "",
            "-",
            "-h",
            "-5w",
            "2026-02-29",
            "2026-11-28T25:00Z",
            "10:00",
            "-é",
        ] {
            assert_eq!(read(wrong), Err(FORMS), "{wrong}");
        }
    }
}
