//! When a scheduler runs, in words.

/// The longest interval that is said in whole units.
const UNITS: [(u64, &str, &str); 4] = [
    (86_400_000, "day", "days"),
    (3_600_000, "hour", "h"),
    (60_000, "minute", "min"),
    (1000, "second", "s"),
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Says an interval, as "every 30 s".
pub(crate) fn every(ms: u64) -> String {
    for (unit, one, many) in UNITS {
        if ms == unit {
            return format!("every {one}");
        }
        if ms > unit && ms.is_multiple_of(unit) {
            return format!("every {} {many}", ms / unit);
        }
    }
    format!("every {ms} ms")
}

/// Says a cron pattern of five or six fields, as "at 02:00, every day (UTC)". A pattern that is
/// not one of the usual ones is given as it is.
pub(crate) fn pattern(pattern: &str, time_zone: Option<&str>) -> String {
    let zone = time_zone.unwrap_or("UTC");
    match said(pattern) {
        Some(Said::Interval(words)) => words,
        Some(Said::Times(words)) => format!("{words} ({zone})"),
        None => format!("by the pattern {pattern} ({zone})"),
    }
}

enum Said {
    /// It does not depend on the time zone.
    Interval(String),
    Times(String),
}

fn said(pattern: &str) -> Option<Said> {
    let alias = match pattern.trim() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let fields: Vec<&str> = alias.split_whitespace().collect();
    let (second, rest) = match fields.len() {
        5 => ("0", &fields[..]),
        6 => (fields[0], &fields[1..]),
        _ => return None,
    };
    let [minute, hour, day, month, weekday] = rest else {
        return None;
    };
    let any_day = *day == "*" && *month == "*" && is_any(weekday);
    let step = |field: &str| {
        field
            .strip_prefix("*/")
            .and_then(|step| step.parse::<u64>().ok())
    };
    if any_day {
        match (second, *minute, *hour) {
            ("*", "*", "*") => return Some(Said::Interval(every(1000))),
            (field, "*", "*") if step(field).is_some() => {
                return Some(Said::Interval(every(step(field)? * 1000)));
            }
            ("0", "*", "*") => return Some(Said::Interval(every(60_000))),
            ("0", field, "*") if step(field).is_some() => {
                return Some(Said::Interval(every(step(field)? * 60_000)));
            }
            ("0", "0", "*") => return Some(Said::Interval("every hour, on the hour".to_owned())),
            ("0", "0", field) if step(field).is_some() => {
                return Some(Said::Times(format!(
                    "{}, on the hour",
                    every(step(field)? * 3_600_000)
                )));
            }
            ("0", field, "*") => {
                let minute = number(field, 0, 59)?;
                return Some(Said::Interval(format!("every hour, {minute} min past")));
            }
            _ => {}
        }
    }
    let times = times(second, minute, hour)?;
    let days = days(day, month, weekday)?;
    Some(Said::Times(format!("{times}, {days}")))
}

fn times(second: &str, minute: &str, hour: &str) -> Option<String> {
    let second = number(second, 0, 59)?;
    let minute = number(minute, 0, 59)?;
    let hours = list(hour, 0, 23)?;
    let times: Vec<String> = hours
        .into_iter()
        .map(|hour| match second {
            0 => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        })
        .collect();
    Some(format!("at {}", joined(&times)))
}

fn days(day: &str, month: &str, weekday: &str) -> Option<String> {
    let months = match month {
        "*" => None,
        field => Some(
            list(&named(field, &MONTHS, 1), 1, 12)?
                .into_iter()
                .map(|month| MONTHS[month - 1].to_owned())
                .collect::<Vec<_>>(),
        ),
    };
    let weekdays = named(weekday, &DAYS, 0);
    let days = match (day, weekdays.as_str()) {
        ("*", field) if is_any(field) => "every day".to_owned(),
        ("*", "1-5") => "Monday to Friday".to_owned(),
        ("*", "0,6" | "6,0" | "6,7" | "6-7") => "Saturday and Sunday".to_owned(),
        ("*", field) => {
            let days = list(field, 0, 7)?
                .into_iter()
                .map(|day| DAYS[day % 7].to_owned());
            format!("every {}", joined(&days.collect::<Vec<_>>()))
        }
        ("L", field) if is_any(field) => "on the last day of the month".to_owned(),
        (field, weekday) if is_any(weekday) => {
            let days: Vec<String> = list(field, 1, 31)?
                .iter()
                .map(ToString::to_string)
                .collect();
            format!("on day {} of the month", joined(&days))
        }
        _ => return None,
    };
    Some(match months {
        None => days,
        Some(months) => format!("{days} in {}", joined(&months)),
    })
}

fn is_any(field: &str) -> bool {
    field == "*" || field == "?"
}

/// Replaces three-letter names by numbers.
fn named(field: &str, names: &[&str], first: usize) -> String {
    let mut field = field.to_uppercase();
    for (place, name) in names.iter().enumerate() {
        let short = name[..3].to_uppercase();
        field = field.replace(&short, &(place + first).to_string());
    }
    field
}

fn number(text: &str, least: usize, most: usize) -> Option<usize> {
    let number = text.parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}

/// Reads a list of numbers and ranges, at most eight numbers.
fn list(field: &str, least: usize, most: usize) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in field.split(',') {
        match part.split_once('-') {
            Some((from, to)) => {
                numbers.extend(number(from, least, most)?..=number(to, least, most)?);
            }
            None => numbers.push(number(part, least, most)?),
        }
    }
    (1..=8).contains(&numbers.len()).then_some(numbers)
}

fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_said_in_their_unit() {
        assert_eq!(every(30_000), "every 30 s");
        assert_eq!(every(60_000), "every minute");
        assert_eq!(every(90_000), "every 90 s");
        assert_eq!(every(7_200_000), "every 2 h");
        assert_eq!(every(1500), "every 1500 ms");
        assert_eq!(every(86_400_000), "every day");
    }

    #[test]
    fn usual_patterns_are_said_in_words() {
        let cases = [
            ("0 2 * * *", "at 02:00, every day (UTC)"),
            ("*/5 * * * *", "every 5 min"),
            ("*/10 * * * * *", "every 10 s"),
            ("* * * * *", "every minute"),
            ("0 * * * *", "every hour, on the hour"),
            ("15 * * * *", "every hour, 15 min past"),
            ("0 */6 * * *", "every 6 h, on the hour (UTC)"),
            ("30 9 * * 1-5", "at 09:30, Monday to Friday (UTC)"),
            (
                "0 0 * * MON,thu",
                "at 00:00, every Monday and Thursday (UTC)",
            ),
            ("0 0 1 * *", "at 00:00, on day 1 of the month (UTC)"),
            (
                "0 0 1 1 *",
                "at 00:00, on day 1 of the month in January (UTC)",
            ),
            ("5 0 3 * * *", "at 03:00:05, every day (UTC)"),
            ("0 8,20 * * *", "at 08:00 and 20:00, every day (UTC)"),
            ("0 3 * * 7", "at 03:00, every Sunday (UTC)"),
            ("0 3 L * *", "at 03:00, on the last day of the month (UTC)"),
            ("@daily", "at 00:00, every day (UTC)"),
            ("0 0 * * 5#2", "by the pattern 0 0 * * 5#2 (UTC)"),
            ("nonsense", "by the pattern nonsense (UTC)"),
            ("61 0 * * *", "by the pattern 61 0 * * * (UTC)"),
        ];
        for (text, words) in cases {
            assert_eq!(pattern(text, None), words, "{text}");
        }
        let zoned = pattern("0 2 * * *", Some("Europe/Berlin"));
        assert_eq!(zoned, "at 02:00, every day (Europe/Berlin)");
    }
}
