//! Expressions as they are read, written back, and refused.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &Expect) {
    let said = match Expression::parse(text).and_then(|parsed| parsed.check().map(|()| parsed)) {
        Ok(parsed) => {
            let written = parsed.to_string();
            assert_eq!(
                Expression::parse(&written).as_ref(),
                Ok(&parsed),
                "{written}"
            );
            written
        }
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&said);
}

#[test]
fn expressions_are_written_in_one_way() {
    check(
        "rate( graphy_refusals_total [60s] )",
        &expect!["rate(graphy_refusals_total[1m])"],
    );
    check(
        "quantile(0.95,graphy_http_request_duration_seconds{ route =~ \"/api/.*\"}[5m],20)",
        &expect![[
            r#"quantile(0.95, graphy_http_request_duration_seconds{route=~"/api/.*"}[5m], 20)"#
        ]],
    );
    check(
        "1-share(increase(graphy_slow_consumers_total[1h]),1,0)*2",
        &expect!["1 - (share(increase(graphy_slow_consumers_total[1h]), 1, 0) * 2)"],
    );
    check(
        "bullmq_queue_size{queue_name=\"analytics\"}",
        &expect![[r#"bullmq_queue_size{queue_name="analytics"}"#]],
    );
    check(
        "rate(bullmq_queue_latency_seconds_count[1m])",
        &expect!["rate(bullmq_queue_latency_seconds_count[1m])"],
    );
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    check(
        "",
        &expect!["error: must be a series of series.list or an expression of 1 to 500 characters"],
    );
    check(
        "rate(graphy_refusals_total)",
        &expect![[r#"error: cannot be read at character 27: expected '['"#]],
    );
    check(
        "rate(graphy_refusals_total[2h])",
        &expect!["error: cannot be read at character 28: expected a time from 1s to 1h"],
    );
    check(
        "graphy_refusals_total",
        &expect![
            "error: graphy_refusals_total is a counter, which needs rate(…[1m]) or increase(…[1m])"
        ],
    );
    check(
        "rate(nothing_total[1m])",
        &expect![[r#"error: there is no metric "nothing_total"; /metrics shows all"#]],
    );
    check(
        "bullmq_queue_size{queue=\"a\"}",
        &expect![[r#"error: bullmq_queue_size has no label "queue""#]],
    );
    check(
        "bullmq_queue_size{queue_name=~\"a+\"}",
        &expect![
            "error: cannot be read at character 33: expected plain characters, or in a pattern also . .* |"
        ],
    );
    check(
        "sum(bullmq_queue_size)",
        &expect![[
            r#"error: cannot be read at character 1: expected rate, increase, quantile or share before "(""#
        ]],
    );
    check(
        "1 + ",
        &expect![
            "error: cannot be read at character 5: expected a metric, a function, a number or a parenthesis"
        ],
    );
    check(
        "1 1",
        &expect!["error: cannot be read at character 3: expected the end, or one of + - * /"],
    );
    check(
        &"(".repeat(20),
        &expect!["error: cannot be read at character 10: expected at most 8 levels of parentheses"],
    );
    check(
        "process_cpu_percent; drop",
        &expect!["error: cannot be read at character 20: expected the end, or one of + - * /"],
    );
}

#[test]
fn patterns_fit_whole_values() {
    let fits = |pattern: &str, value: &str| {
        let text = format!("graphy_http_requests_total{{status=~\"{pattern}\"}}");
        let Ok(Expression::Gauge(selector)) = Expression::parse(&text) else {
            panic!("{text}");
        };
        selector.fits(&[("status".to_owned(), value.to_owned())])
    };
    assert!(fits("5..", "503") && !fits("5..", "5030") && !fits("5..", "404"));
    assert!(fits("2..|404", "404") && fits(".*", "") && fits("a.*c", "abbc"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_stumble(text in "[a-z_0-9.(){}\\[\\]\",=~*/+ -]{0,60}|.{0,40}") {
        if let Ok(parsed) = Expression::parse(&text) {
            let written = parsed.to_string();
            prop_assert_eq!(Expression::parse(&written), Ok(parsed));
        }
    }
}
