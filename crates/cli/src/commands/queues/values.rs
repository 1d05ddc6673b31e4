//! Values of arguments as people write them: names of queues and limits.

use std::str::FromStr;

use graphy_protocol::queues::{QueueRef, RateLimit};

/// The name of a queue as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueueText {
    prefix: Option<String>,
    queue: String,
}

impl QueueText {
    pub(super) fn reference(&self) -> QueueRef {
        QueueRef {
            prefix: self.prefix.clone(),
            queue: self.queue.clone(),
        }
    }
}

impl FromStr for QueueText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (prefix, queue) = match text.rsplit_once(':') {
            Some((prefix, queue)) => (Some(prefix.to_owned()), queue.to_owned()),
            None => (None, text.to_owned()),
        };
        if queue.is_empty() || prefix.as_ref().is_some_and(String::is_empty) {
            return Err("a queue is named as NAME or PREFIX:NAME".to_owned());
        }
        Ok(Self { prefix, queue })
    }
}

/// A limit on concurrency, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Concurrency(pub(super) Option<u64>);

impl FromStr for Concurrency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let number = text.parse().map_err(|_| "a number, or none".to_owned())?;
        Ok(Self(Some(number)))
    }
}

/// A rate limit, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate(pub(super) Option<RateLimit>);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let parts = text.split_once('/');
        let limit = parts.and_then(|(max, duration_ms)| {
            Some(RateLimit {
                max: max.parse().ok()?,
                duration_ms: duration_ms.parse().ok()?,
            })
        });
        let limit = limit.ok_or("MAX/MS, as 100/1000, or none")?;
        Ok(Self(Some(limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_with_or_without_its_prefix() {
        let read = |text: &str| {
            text.parse::<QueueText>()
                .map(|name| (name.prefix, name.queue))
        };
        assert_eq!(read("mail"), Ok((None, "mail".to_owned())));
        let app = Some("my:{app}".to_owned());
        assert_eq!(read("my:{app}:mail"), Ok((app, "mail".to_owned())));
        assert!(read("bull:").is_err() && read(":mail").is_err());
    }

    #[test]
    fn limits_are_read() {
        let limit = RateLimit {
            max: 100,
            duration_ms: 1000,
        };
        assert_eq!("100/1000".parse(), Ok(Rate(Some(limit))));
        assert_eq!("none".parse(), Ok(Rate(None)));
        assert!("100".parse::<Rate>().is_err());
        assert_eq!("none".parse(), Ok(Concurrency(None)));
    }
}
