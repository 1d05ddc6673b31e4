//! Plain tables and quantities for people.

use chrono::{DateTime, Utc};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use graphy_telemetry::logging::escape::printable;

/// Lays rows out in columns; numbers (columns named in `right`) are flush right. What others wrote
/// into a cell can neither steer the terminal nor forge a row.
pub(crate) fn table(head: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| printable(cell).into_owned())
                .collect()
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .chain([head[column].len()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if right.contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        let line = padded.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    std::iter::once(&head)
        .chain(&rows)
        .map(|row| line(row))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the time, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemClock.now_ms()
}

/// Writes a moment as `2026-11-21 14:03:59.042`, in UTC.
pub(crate) fn moment(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis);
    let moment = moment.unwrap_or(DateTime::<Utc>::MAX_UTC);
    moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Says how long ago a moment was, in one unit.
pub(crate) fn ago(now_ms: u64, then_ms: u64) -> String {
    format!("{} ago", span(now_ms.saturating_sub(then_ms)))
}

/// Says how long a time is, in one unit.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms.saturating_add(500) / 1000;
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", rounded(60)),
        3600..172_800 => format!("{} h", rounded(3600)),
        _ => format!("{} days", rounded(86_400)),
    }
}

/// Writes a value with the precision that its size deserves.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "bytes" | "B" => bytes(value),
        "share" => format!("{:.1} %", value * 100.0),
        "1/s" => format!("{value:.0}/s"),
        "0 or 1" => format!("{value:.0}"),
        _ => {
            let number = if value.abs() >= 100.0 || value.fract() == 0.0 {
                format!("{value:.0}")
            } else {
                format!("{value:.1}")
            };
            format!("{number} {unit}").trim_end().to_owned()
        }
    }
}

fn bytes(value: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = value;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{value:.0} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["a".to_owned(), "10".to_owned()],
            vec!["long".to_owned(), "7".to_owned()],
        ];
        assert_eq!(
            table(&["name", "n"], &[1], &rows),
            "name   n\na     10\nlong   7"
        );
        let forged = [vec!["a\nroot 9".to_owned(), "\u{1b}[2J".to_owned()]];
        assert_eq!(
            table(&["name", "n"], &[1], &forged),
            "name                  n\na\\u{a}root 9  \\u{1b}[2J"
        );
    }

    #[test]
    fn moments_are_dates_in_utc() {
        for (ms, expected) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_400_000, "2000-02-29 00:00:00.000"),
            (1_795_860_239_042, "2026-11-28 10:03:59.042"),
            (4_107_542_399_999, "2100-02-28 23:59:59.999"),
        ] {
            assert_eq!(moment(ms), expected);
        }
    }

    #[test]
    fn quantities_read_well() {
        assert_eq!(quantity(3.25, "ms"), "3.2 ms");
        assert_eq!(quantity(1234.5, "1/s"), "1234/s");
        assert_eq!(quantity(0.125, "share"), "12.5 %");
        assert_eq!(quantity(1536.0, "bytes"), "1.5 KiB");
        assert_eq!(ago(100_000, 30_000), "1 min ago");
        assert_eq!(span(259_200_000), "3 days");
    }
}
