//! Where in which trace something belongs: the `traceparent` of W3C Trace Context.

use std::fmt;
use std::str::FromStr;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of a trace, as others are told of it.
///
/// Its text is a `traceparent`: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

/// Says that a text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a traceparent has the form 00-<32 hex digits>-<16 hex digits>-<2 hex digits>")]
pub struct BadTraceParent;

impl TraceParent {
    pub(super) fn of(context: &SpanContext) -> Self {
        Self {
            trace: context.trace_id(),
            span: context.span_id(),
            sampled: context.is_sampled(),
        }
    }

    pub(super) fn context(self) -> SpanContext {
        let flags = if self.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        SpanContext::new(self.trace, self.span, flags, true, TraceState::NONE)
    }

    /// Says whether the spans of this trace are kept.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.sampled
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{}-{}-{flags:02x}", self.trace, self.span)
    }
}

impl FromStr for TraceParent {
    type Err = BadTraceParent;

    /// Reads a text. As the standard asks, a later version may go on behind the flags, and
    /// version `ff`, capitals and ids of zeros are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let digits = |from: usize, count: usize| {
            let part = text.get(from..from + count).ok_or(BadTraceParent)?;
            let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if part.bytes().all(lower_hex) {
                Ok(part)
            } else {
                Err(BadTraceParent)
            }
        };
        let version = digits(0, 2)?;
        let (trace, span, flags) = (digits(3, 32)?, digits(36, 16)?, digits(53, 2)?);
        let dashes = [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
        let end = match version {
            "ff" => false,
            "00" => bytes.len() == 55,
            _ => bytes.len() == 55 || bytes[55] == b'-',
        };
        if !dashes || !end {
            return Err(BadTraceParent);
        }
        let trace = TraceId::from_hex(trace).map_err(|_| BadTraceParent)?;
        let span = SpanId::from_hex(span).map_err(|_| BadTraceParent)?;
        if trace == TraceId::INVALID || span == SpanId::INVALID {
            return Err(BadTraceParent);
        }
        let flags = u8::from_str_radix(flags, 16).map_err(|_| BadTraceParent)?;
        Ok(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }
}

impl Serialize for TraceParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceParent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_text_is_read_and_written_back() {
        let parent: TraceParent = TEXT.parse().unwrap();
        assert!(parent.is_sampled());
        assert_eq!(parent.to_string(), TEXT);
        let quiet = TEXT.replace("-01", "-00").parse::<TraceParent>().unwrap();
        assert!(!quiet.is_sampled());
        // A later version may say more.
        let later = format!("01{}-more", &TEXT[2..]);
        assert_eq!(later.parse::<TraceParent>().unwrap(), parent);
    }

    #[test]
    fn what_the_standard_refuses_is_refused() {
        let zero_trace = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        for bad in [
            "",
            "00",
            &TEXT[..54],
            &format!("{TEXT}-more"),
            &TEXT.to_uppercase(),
            &TEXT.replace('-', "_"),
            &format!("ff{}", &TEXT[2..]),
            &format!("é{}", &TEXT[2..]),
            &zero_trace,
            &zero_span,
        ] {
            assert_eq!(bad.parse::<TraceParent>(), Err(BadTraceParent), "{bad:?}");
        }
    }
}
