//! The small language in which series are written: formulas over what `/metrics` shows. Pure.
//!
//! ```text
//! expression = product { ("+" | "-") product }
//! product    = factor { ("*" | "/") factor }
//! factor     = number | "(" expression ")" | gauge
//!            | "rate(" counter "[" time "])"             per second
//!            | "increase(" counter "[" time "])"
//!            | "quantile(" number "," histogram "[" time "]" [ "," least ] ")"
//!            | "share(" expression "," expression "," least ")"
//! gauge, counter, histogram = name [ "{" label ("=" | "=~") "\"" value "\"" { "," … } "}" ]
//! time       = whole number of "s", "m" or "h", at most 1 h
//! ```
//!
//! A name without labels, or with some of them, means the sum over all that fit. A counter may also
//! be the `_count` or `_sum` of a histogram. Behind `=~` stands a pattern of plain characters, `.`,
//! `.*` and `|`, for the whole value. `least` is how many events there must be for a value at all:
//! of the histogram in the time, or the second expression of a share. What has no value, or is
//! divided by zero, gives none.

mod parse;
mod selector;

use std::fmt;

use graphy_telemetry::names::MetricKind;

pub use selector::Selector;

/// The longest expression, in characters.
pub const EXPRESSION_CHARS_MAX: usize = 500;
/// The longest time that a function looks back.
pub const WINDOW_SECONDS_MAX: u64 = 3600;

/// Says what is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is empty or too long.
    #[error(
        "must be a series of series.list or an expression of 1 to {EXPRESSION_CHARS_MAX} characters"
    )]
    Length,
    /// It cannot be read.
    #[error("cannot be read at character {at}: {reason}")]
    Syntax {
        /// Which character, counted from 1.
        at: usize,
        /// What is expected there.
        reason: String,
    },
    /// It names something that is not measured.
    #[error("there is no metric {0:?}; /metrics shows all")]
    Unknown(String),
    /// It asks a metric for what it is not.
    #[error("{name} is a {kind}, which {hint}")]
    Kind {
        /// The metric.
        name: String,
        /// What it is.
        kind: &'static str,
        /// How it can be read.
        hint: &'static str,
    },
    /// It names a label that the metric has not.
    #[error("{name} has no label {label:?}")]
    Label {
        /// The metric.
        name: String,
        /// The label.
        label: String,
    },
}

/// A formula over what `/metrics` shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A level, as it is.
    Gauge(Selector),
    /// How much a counter grows per second.
    Rate(Selector, Window),
    /// How much a counter has grown.
    Increase(Selector, Window),
    /// A quantile of what a histogram took.
    Quantile {
        /// Which, 0 to 1.
        quantile: f64,
        /// Of what.
        of: Selector,
        /// In which time.
        window: Window,
        /// How many samples it must have taken.
        least: f64,
    },
    /// A part of a whole.
    Share {
        /// The part.
        part: Box<Self>,
        /// The whole.
        whole: Box<Self>,
        /// How great the whole must be.
        least: f64,
    },
    /// Two values put together.
    Pair(Box<Self>, Sign, Box<Self>),
}

/// How far a function looks back, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(pub u64);

/// How two values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Per,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ExpressionError::Length`] and [`ExpressionError::Syntax`].
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parse::parse(text)
    }

    /// Checks that all that it names is measured and can be read so.
    ///
    /// # Errors
    /// [`ExpressionError`] of the first name at fault.
    pub fn check(&self) -> Result<(), ExpressionError> {
        match self {
            Self::Number(_) => Ok(()),
            Self::Gauge(selector) => check(selector, MetricKind::Gauge),
            Self::Rate(selector, _) | Self::Increase(selector, _) => {
                check(selector, MetricKind::Counter)
            }
            Self::Quantile { of, .. } => check(of, MetricKind::Histogram),
            Self::Share { part, whole, .. } => part.check().and_then(|()| whole.check()),
            Self::Pair(left, _, right) => left.check().and_then(|()| right.check()),
        }
    }

    /// Lists the metrics that it reads.
    #[must_use]
    pub fn selectors(&self) -> Vec<&Selector> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Gauge(selector) | Self::Rate(selector, _) | Self::Increase(selector, _) => {
                vec![selector]
            }
            Self::Quantile { of, .. } => vec![of],
            Self::Share { part, whole, .. } => [part.selectors(), whole.selectors()].concat(),
            Self::Pair(left, _, right) => [left.selectors(), right.selectors()].concat(),
        }
    }

    /// Guesses the unit, for people.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Rate(..) => "1/s",
            Self::Quantile { .. } => "s",
            Self::Share { .. } => "share",
            Self::Gauge(selector) if selector.name.ends_with("_bytes") => "bytes",
            Self::Gauge(selector) if selector.name.ends_with("_seconds") => "s",
            Self::Gauge(selector) if selector.name.ends_with("_share") => "share",
            _ => "",
        }
    }

    /// Says to which group of series it belongs.
    #[must_use]
    pub fn group(&self) -> &'static str {
        let selectors = self.selectors();
        let names = || selectors.iter().map(|selector| selector.name.as_str());
        let has = |parts: &[&str]| names().any(|name| parts.iter().any(|part| name.contains(part)));
        if has(&["optimistic", "command"]) {
            "commands"
        } else if has(&["bullmq", "job", "worker", "probe"]) {
            "queues"
        } else if has(&["redis"]) {
            "redis"
        } else if has(&[
            "socket",
            "broadcast",
            "resume",
            "consumer",
            "deliver",
            "recover",
        ]) {
            "sync"
        } else {
            "process"
        }
    }
}

fn check(selector: &Selector, wanted: MetricKind) -> Result<(), ExpressionError> {
    let name = selector.name.as_str();
    let Some((definition, kind)) = selector.definition() else {
        return Err(ExpressionError::Unknown(name.to_owned()));
    };
    if kind != wanted {
        let (kind, hint) = match kind {
            MetricKind::Counter => ("counter", "needs rate(…[1m]) or increase(…[1m])"),
            MetricKind::Gauge => ("gauge", "stands alone, without a function"),
            MetricKind::Histogram => ("histogram", "needs quantile(0.95, …[1m])"),
        };
        let name = name.to_owned();
        return Err(ExpressionError::Kind { name, kind, hint });
    }
    let foreign = selector
        .labels
        .iter()
        .find(|(label, _)| !definition.labels.contains(&label.as_str()));
    foreign.map_or(Ok(()), |(label, _)| {
        Err(ExpressionError::Label {
            name: name.to_owned(),
            label: label.clone(),
        })
    })
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

/// The one way in which an expression is written; it names the series.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Gauge(selector) => write!(f, "{selector}"),
            Self::Rate(selector, window) => write!(f, "rate({selector}[{window}])"),
            Self::Increase(selector, window) => write!(f, "increase({selector}[{window}])"),
            Self::Quantile {
                quantile,
                of,
                window,
                least,
            } if *least > 0.0 => write!(f, "quantile({quantile}, {of}[{window}], {least})"),
            Self::Quantile {
                quantile,
                of,
                window,
                ..
            } => write!(f, "quantile({quantile}, {of}[{window}])"),
            Self::Share { part, whole, least } => write!(f, "share({part}, {whole}, {least})"),
            Self::Pair(left, sign, right) => {
                let sign = match sign {
                    Sign::Plus => "+",
                    Sign::Minus => "-",
                    Sign::Times => "*",
                    Sign::Per => "/",
                };
                let inside = |f: &mut fmt::Formatter<'_>, one: &Self| match one {
                    Self::Pair(..) => write!(f, "({one})"),
                    _ => write!(f, "{one}"),
                };
                inside(f, left)?;
                write!(f, " {sign} ")?;
                inside(f, right)
            }
        }
    }
}
