//! Reports of made-up ledgers whose figures are known.

use std::collections::BTreeMap;

use graphy_model::UserId;
use graphy_protocol::reports::{ReportFormat, TargetRow, Verdict};
use graphy_protocol::series::AlertMark;
use graphy_store::ledger::{EnteredFigure, LedgerSlot};

use super::*;

const START: u64 = 1_795_824_000_000;
const STEP: u64 = 300_000;

fn slot(index: u64, values: &[(&str, f64)]) -> LedgerSlot {
    LedgerSlot {
        start: START + index * STEP,
        length_ms: STEP,
        measured_ms: 300_000.0,
        ready_ms: 300_000.0,
        down_ms: 0.0,
        values: values
            .iter()
            .map(|(field, value)| ((*field).to_owned(), *value))
            .collect(),
    }
}

fn subject() -> Subject {
    Subject {
        environment: "<b>\"staging\"</b> & 'co'".to_owned(),
        version: "1.2.3".to_owned(),
        now: START + 86_400_000,
    }
}

fn row<'a>(rows: &'a [TargetRow], key: &str) -> &'a TargetRow {
    rows.iter()
        .find(|row| row.key == key)
        .unwrap_or_else(|| panic!("no {key}"))
}

/// A whole day with a gap, a busy time and a conflict storm.
fn day() -> Vec<LedgerSlot> {
    (0..288_u64)
        .filter(|index| !(100..130).contains(index))
        .map(|index| {
            let phase = f64::from(u32::try_from(index).unwrap()) / 288.0 * std::f64::consts::TAU;
            let commands = 3_000.0 + 2_400.0 * phase.sin();
            let slow = if (200..215).contains(&index) {
                0.4
            } else {
                0.02
            };
            let conflicts = if (200..215).contains(&index) {
                40.0
            } else {
                1.0
            };
            slot(
                index,
                &[
                    ("commands.success", commands),
                    ("commands.rejected", 2.0),
                    ("conflicts", conflicts),
                    ("command_seconds.le.0.005", commands * 0.5),
                    ("command_seconds.le.0.025", commands * (1.0 - slow)),
                    ("command_seconds.le.0.25", commands),
                    ("command_seconds.le.inf", commands),
                    ("broadcast_seconds.le.0.001", commands * 0.7),
                    ("broadcast_seconds.le.0.005", commands),
                    ("broadcast_seconds.le.inf", commands),
                    ("query_seconds.le.0.0025", 90.0),
                    ("query_seconds.le.0.005", 100.0),
                    ("query_seconds.le.inf", 100.0),
                    ("jobs.sum", conflicts * 3.0),
                    ("jobs.samples", 30.0),
                    ("peak.jobs", conflicts),
                    ("peak.commands_per_second", commands / 200.0),
                ],
            )
        })
        .collect()
}

fn alerts() -> Vec<AlertMark> {
    vec![AlertMark {
        rule_id: "p95".to_owned(),
        title: "P95 <latency>".to_owned(),
        series: "command_p95_ms".to_owned(),
        from: START + 201 * STEP,
        to: Some(START + 216 * STEP),
    }]
}

fn whole_day() -> Report {
    let span = (START, START + 86_400_000);
    Report::of(subject(), span, &day(), &BTreeMap::new(), alerts())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of targets")]
fn the_table_follows_from_the_counts() {
    let slots = [
        slot(
            0,
            &[
                ("commands.success", 990.0),
                ("commands.rejected", 6.0),
                ("commands.conflict", 3.0),
                ("commands.failed", 1.0),
                ("commands.duplicate", 500.0),
                ("conflicts", 4.0),
                ("conflicts.visible", 2.0),
                ("command_seconds.le.0.01", 900.0),
                ("command_seconds.le.0.05", 990.0),
                ("command_seconds.le.0.25", 1000.0),
                ("command_seconds.le.0.5", 1000.0),
                ("command_seconds.le.1", 1000.0),
                ("command_seconds.le.2", 1000.0),
                ("command_seconds.le.5", 1000.0),
                ("command_seconds.le.inf", 1000.0),
                ("sockets.served", 9_990.0),
                ("away_seconds.sum", 10.0),
                ("away_seconds.le.5", 2.0),
                ("away_seconds.le.inf", 2.0),
                ("recoveries.in_sync", 40.0),
                ("recoveries.behind", 9.0),
                ("recoveries.full", 1.0),
                ("deliveries.delivered", 19_999.0),
                ("deliveries.missed", 1.0),
                ("optimistic.kept", 97.0),
                ("optimistic.contested", 1.0),
                ("optimistic.reverted", 2.0),
                ("audits.ok", 7.0),
                ("redis_latency.sum", 0.006),
                ("redis_latency.samples", 30.0),
                ("peak.memory_bytes", 104_857_600.0),
            ],
        ),
        slot(1, &[("peak.memory_bytes", 209_715_200.0)]),
    ];
    let report = figures((START, START + 4 * STEP), &slots, &BTreeMap::new());
    assert_eq!(report.coverage, 0.5);
    let rows = &report.targets;
    // Worked out by hand: 990 of 1000, repeats left out.
    let expected = [
        ("success_rate", "99 %", Verdict::Missed),
        ("command_success_rate", "99 %", Verdict::Missed),
        ("conflict_rate", "0.4 %", Verdict::Missed),
        // 950 of 1000 lie 50/90 of the way from 25 to 50 ms … see the next test for quantiles.
        ("websocket_uptime", "99.9 %", Verdict::Missed),
        ("recovery_success", "98 %", Verdict::Missed),
        ("message_delivery", "99.995 %", Verdict::Met),
        ("optimistic_success", "97 %", Verdict::Met),
        ("visible_conflicts", "2/week", Verdict::Missed),
        ("data_consistency", "100 %", Verdict::Met),
        ("uptime", "100 %", Verdict::Met),
        ("redis_latency", "0.2 ms", Verdict::Met),
        ("memory_peak", "200 MiB", Verdict::Met),
        ("database_write_throughput", "1.65/s", Verdict::Unknown),
        ("smooth_collaboration", "0.015 %", Verdict::Met),
    ];
    for (key, actual, verdict) in expected {
        let row = row(rows, key);
        assert_eq!(
            (row.actual.as_deref(), row.verdict),
            (Some(actual), verdict),
            "{key}"
        );
        assert!(!row.by_hand && !row.formula.is_empty());
    }
    for key in ["query_response_p95", "tps", "parse_rate", "user_engagement"] {
        let row = row(rows, key);
        assert_eq!(
            (row.actual.as_deref(), row.verdict),
            (None, Verdict::Unknown),
            "{key}"
        );
    }
}

#[test]
fn quantiles_are_those_of_all_slots_together() {
    let full = |fast: f64, slow: f64| {
        let all = fast + slow;
        [
            ("command_seconds.le.0.05", fast),
            ("command_seconds.le.0.1", all),
            ("command_seconds.le.0.25", all),
            ("command_seconds.le.0.5", all),
            ("command_seconds.le.1", all),
            ("command_seconds.le.2", all),
            ("command_seconds.le.5", all),
            ("command_seconds.le.inf", all),
        ]
    };
    // 90 + 0 fast and 0 + 10 slow: the 95th of 100 is the middle of the slow ones, 75 ms.
    let slots = [slot(0, &full(90.0, 0.0)), slot(1, &full(0.0, 10.0))];
    let report = figures((START, START + 2 * STEP), &slots, &BTreeMap::new());
    let p95 = row(&report.targets, "p95_latency");
    assert_eq!(
        (p95.actual.as_deref(), p95.verdict),
        (Some("75 ms"), Verdict::Met)
    );
    let stricter = row(&report.targets, "command_processing_p95");
    assert_eq!(stricter.verdict, Verdict::Missed);
}

#[test]
fn a_crash_costs_uptime_and_a_gap_costs_coverage() {
    let mut slots = [slot(0, &[]), slot(1, &[]), slot(3, &[])];
    slots[1].ready_ms = 150_000.0;
    slots[2].down_ms = 300_000.0;
    slots[2].measured_ms = 0.0;
    slots[2].ready_ms = 0.0;
    let report = figures((START, START + 4 * STEP), &slots, &BTreeMap::new());
    assert_eq!(report.coverage, 0.5);
    let uptime = row(&report.targets, "uptime");
    assert_eq!(
        (uptime.actual.as_deref(), uptime.verdict),
        (Some("50 %"), Verdict::Missed)
    );
}

#[test]
fn what_is_entered_by_hand_says_so() {
    let figure = EnteredFigure {
        value: 4.0,
        note: "help desk".to_owned(),
        user_id: UserId::new("ada").unwrap(),
        at: START,
    };
    let entered = BTreeMap::from([("error_reports".to_owned(), figure)]);
    let report = figures((START, START + STEP), &[], &entered);
    let reports = row(&report.targets, "error_reports");
    assert!(reports.by_hand);
    assert_eq!(
        (reports.actual.as_deref(), reports.verdict),
        (Some("4/week"), Verdict::Met)
    );
    let note = reports.note.as_deref().unwrap();
    assert_eq!(note, "help desk (entered by ada, 2026-11-28 00:00 UTC)");
    assert_eq!(
        row(&report.targets, "uptime").verdict,
        Verdict::Unknown,
        "nothing measured"
    );
    assert_eq!(report.coverage, 0.0);
}

#[test]
fn shares_near_the_target_are_not_rounded_away() {
    let words = |value| rows::in_words(targets::Unit::Share, value);
    assert_eq!(words(0.999_999_9), "> 99.999 %");
    assert_eq!(words(0.999_5), "99.95 %");
    assert_eq!(words(1.0), "100 %");
    assert_eq!(words(0.000_000_1), "< 0.001 %");
}

#[test]
fn the_page_is_whole_and_harmless() {
    let file = whole_day().file(ReportFormat::Html).unwrap();
    let html = file.text.unwrap();
    assert_eq!(
        (file.mime.as_str(), file.file_name.as_str()),
        ("text/html", "graphy-performance-20261129-0000.html")
    );
    assert!(
        !html.contains("<b>")
            && html.contains("&lt;b&gt;&quot;staging&quot;&lt;/b&gt; &amp; &#39;co&#39;")
    );
    assert!(html.contains("P95 &lt;latency&gt;"));
    assert_eq!(html.matches("<svg").count(), 6);
    assert_eq!(
        html.matches("<tr><th scope=\"row\">").count(),
        targets::TARGETS.len()
    );
    // Nothing is fetched from elsewhere, and no colour stands outside the two themes.
    let outside = ["http://", "https://", "<script", "<link", "url("];
    let drawn = html.replace("http://www.w3.org/2000/svg", "");
    assert!(outside.iter().all(|word| !drawn.contains(word)));
    let pictures = drawn.split("<figure").skip(1).collect::<String>();
    assert!(!pictures.contains("\"#"), "every colour follows the theme");
}

#[test]
fn pictures_have_their_size_and_something_on_them() {
    let report = whole_day();
    let sheet = sheet::Sheet(&report);
    let (width, height) = canvas::Drawing::size(&sheet);
    let bytes = canvas::png(&sheet).unwrap();
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (width * 3 / 2, height * 3 / 2));
    let has = |ink: theme::Ink| {
        let color = ink.light();
        pixels
            .chunks_exact(3)
            .filter(|pixel| *pixel == [color.0, color.1, color.2])
            .count()
    };
    for ink in [
        theme::Ink::First,
        theme::Ink::Second,
        theme::Ink::Third,
        theme::Ink::Limit,
    ] {
        assert!(has(ink) > 200, "{ink:?} is drawn on {} pixels", has(ink));
    }
    let svg = report.file(ReportFormat::Svg).unwrap().text.unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains(&format!("width=\"{width}\" height=\"{height}\""))
    );
    assert!(
        svg.contains("&lt;b&gt;"),
        "names are escaped in pictures too"
    );
}

#[test]
fn the_figures_of_the_file_are_those_of_the_table() {
    let report = whole_day();
    let text = report.file(ReportFormat::Json).unwrap().text.unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows: Vec<TargetRow> = serde_json::from_value(value["report"]["targets"].clone()).unwrap();
    assert_eq!(rows, report.figures.targets);
    let throughput = &value["charts"][1]["lines"][0]["values"];
    // The first slot has 3000 and 2 commands in 300 s.
    assert_eq!(throughput[0], 3002.0 / 300.0);
    assert_eq!(throughput.as_array().unwrap().len(), 258);
}

/// Every key of the table stands in the document, and every key of the document in the table.
#[test]
fn the_document_names_every_metric() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/slo.md");
    let text = std::fs::read_to_string(path).unwrap();
    let keys: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key)
        .collect();
    let known: Vec<&str> = targets::TARGETS.iter().map(|target| target.key).collect();
    assert_eq!(keys, known, "docs/slo.md lists the metrics in their order");
}
