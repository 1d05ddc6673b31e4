//! Reads expressions, strictly.

use super::selector::{Match, Selector};
use super::{EXPRESSION_CHARS_MAX, Expression, ExpressionError, Sign, WINDOW_SECONDS_MAX, Window};

/// How deep parentheses may go.
const DEPTH_MAX: usize = 8;
/// How many metrics an expression may read.
const READINGS_MAX: usize = 12;
/// The most stars in a pattern; each multiplies the work.
const STARS_MAX: usize = 3;

type Parsed<T> = Result<T, ExpressionError>;

pub(super) fn parse(text: &str) -> Parsed<Expression> {
    if text.trim().is_empty() || text.chars().count() > EXPRESSION_CHARS_MAX {
        return Err(ExpressionError::Length);
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        readings: 0,
    };
    let expression = parser.sum()?;
    if parser.peek().is_some() {
        return Err(parser.expected("the end, or one of + - * /"));
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    readings: usize,
}

impl<'a> Parser<'a> {
    fn expected(&self, what: &str) -> ExpressionError {
        let at = self.text[..self.at].chars().count() + 1;
        let reason = format!("expected {what}");
        ExpressionError::Syntax { at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Returns the next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn need(&mut self, wanted: char) -> Parsed<()> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.expected(&format!("{wanted:?}")))
    }

    /// Takes characters from the front for as long as they are of a sort.
    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        self.peek();
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(self.expected(&format!("at most {DEPTH_MAX} levels of parentheses")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Parsed<Expression> {
        let mut left = self.product()?;
        loop {
            let sign = match self.peek() {
                Some('+') => Sign::Plus,
                Some('-') => Sign::Minus,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(Box::new(left), sign, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed<Expression> {
        let mut left = self.factor()?;
        loop {
            let sign = match self.peek() {
                Some('*') => Sign::Times,
                Some('/') => Sign::Per,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(Box::new(left), sign, Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Parsed<Expression> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.deeper(Self::sum)?;
                self.need(')')?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => Ok(Expression::Number(self.number()?)),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.named(),
            _ => Err(self.expected("a metric, a function, a number or a parenthesis")),
        }
    }

    fn number(&mut self) -> Parsed<f64> {
        let start = self.at;
        let word = self.word(|c| c.is_ascii_digit() || c == '.');
        let number = word.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| {
            self.at = start;
            self.expected("a number such as 0.95")
        })
    }

    fn named(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if !self.take('(') {
            return Ok(Expression::Gauge(self.selector(name)?));
        }
        let expression = match name {
            "rate" | "increase" => {
                let (selector, window) = self.over_time()?;
                if name == "rate" {
                    Expression::Rate(selector, window)
                } else {
                    Expression::Increase(selector, window)
                }
            }
            "quantile" => self.quantile()?,
            "share" => self.deeper(Self::share)?,
            _ => {
                self.at = start;
                return Err(self.expected("rate, increase, quantile or share before \"(\""));
            }
        };
        self.need(')')?;
        Ok(expression)
    }

    fn quantile(&mut self) -> Parsed<Expression> {
        self.peek();
        let start = self.at;
        let quantile = self.number()?;
        if quantile > 1.0 {
            self.at = start;
            return Err(self.expected("a quantile from 0 to 1"));
        }
        self.need(',')?;
        let (of, window) = self.over_time()?;
        let least = if self.take(',') {
            self.peek();
            self.number()?
        } else {
            0.0
        };
        Ok(Expression::Quantile {
            quantile,
            of,
            window,
            least,
        })
    }

    fn share(&mut self) -> Parsed<Expression> {
        let part = Box::new(self.sum()?);
        self.need(',')?;
        let whole = Box::new(self.sum()?);
        self.need(',')?;
        self.peek();
        let least = self.number()?;
        Ok(Expression::Share { part, whole, least })
    }

    fn over_time(&mut self) -> Parsed<(Selector, Window)> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if name.is_empty() {
            return Err(self.expected("a metric"));
        }
        let selector = self.selector(name)?;
        self.need('[')?;
        let start = self.at;
        let digits = self.word(|c| c.is_ascii_digit());
        let unit = match self.rest().chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => 0,
        };
        let seconds = digits
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(unit));
        let Some(seconds) = seconds.filter(|seconds| (1..=WINDOW_SECONDS_MAX).contains(seconds))
        else {
            self.at = start;
            return Err(self.expected("a time from 1s to 1h"));
        };
        self.at += 1;
        self.need(']')?;
        Ok((selector, Window(seconds)))
    }

    fn selector(&mut self, name: &str) -> Parsed<Selector> {
        self.readings += 1;
        if self.readings > READINGS_MAX {
            return Err(self.expected(&format!("at most {READINGS_MAX} metrics")));
        }
        let mut labels = Vec::new();
        if self.take('{') {
            loop {
                let label = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
                if label.is_empty() {
                    return Err(self.expected("a label"));
                }
                labels.push((label.to_owned(), self.wanted()?));
                if !self.take(',') {
                    break;
                }
            }
            self.need('}')?;
        }
        labels.sort();
        Ok(Selector {
            name: name.to_owned(),
            labels,
        })
    }

    fn wanted(&mut self) -> Parsed<Match> {
        self.need('=')?;
        let is_pattern = self.rest().starts_with('~');
        self.at += usize::from(is_pattern);
        self.need('"')?;
        let rest = self.rest();
        let Some(length) = rest.find('"') else {
            return Err(self.expected("a closing quote"));
        };
        let value = &rest[..length];
        let foreign: &[char] = if is_pattern {
            &['\\', '[', ']', '(', ')', '{', '}', '+', '?', '^', '$']
        } else {
            &['\\']
        };
        if let Some(place) = value.find(foreign) {
            self.at += place;
            return Err(self.expected("plain characters, or in a pattern also . .* |"));
        }
        if is_pattern && value.matches('*').count() != value.matches(".*").count() {
            return Err(self.expected("a star only behind a dot"));
        }
        if is_pattern && value.matches('*').count() > STARS_MAX {
            return Err(self.expected(&format!("at most {STARS_MAX} stars")));
        }
        self.at += length + 1;
        Ok(if is_pattern {
            Match::Like(value.to_owned())
        } else {
            Match::Is(value.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &Expect) {
        let said = match Expression::parse(text).and_then(|parsed| parsed.check().map(|()| parsed))
        {
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
            &expect![
                "error: must be a series of series.list or an expression of 1 to 500 characters"
            ],
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
            &expect![
                "error: cannot be read at character 10: expected at most 8 levels of parentheses"
            ],
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
}
