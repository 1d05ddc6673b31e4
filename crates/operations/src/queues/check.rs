//! What requests may name, checked where they come in.

use graphy_protocol::queues::{JobFilter, JobRef, QueueRef};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::QueueName;

use super::Queues;

/// The longest prefix or name of a queue.
const NAME_CHARS_MAX: usize = 200;
/// The longest id of a job or scheduler.
const ID_CHARS_MAX: usize = 1000;
/// The longest text of a filter.
const FILTER_CHARS_MAX: usize = 200;

/// Makes an error that names a field.
pub(crate) fn invalid(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Invalid, message).on(field)
}

/// Reads the name of a queue; `at` names the field that holds it.
pub(crate) fn queue_name(
    queues: &Queues,
    queue: &QueueRef,
    at: &str,
) -> Result<QueueName, ApiError> {
    let field = |part: &str| {
        if at.is_empty() {
            part.to_owned()
        } else {
            format!("{at}.{part}")
        }
    };
    let prefix = queue.prefix.as_deref().unwrap_or(queues.own().prefix());
    for (part, text) in [("prefix", prefix), ("queue", queue.queue.as_str())] {
        let length = text.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&length) {
            let message = format!("{part} has 1 to {NAME_CHARS_MAX} characters, not {length}");
            return Err(invalid(&field(part), message));
        }
    }
    if queue.queue.contains(':') {
        let message = "queue holds no colon; what stands before its last one is the prefix";
        return Err(invalid(&field("queue"), message));
    }
    Ok(QueueName::new(prefix, &queue.queue))
}

/// Reads the name of a job.
pub(crate) fn job_name<'a>(
    queues: &Queues,
    job: &'a JobRef,
) -> Result<(QueueName, &'a str), ApiError> {
    let queue = queue_name(queues, &job.queue, "queue")?;
    Ok((queue, id(&job.job_id, "jobId")?))
}

/// Checks an id.
pub(crate) fn id<'a>(id: &'a str, field: &str) -> Result<&'a str, ApiError> {
    let length = id.chars().count();
    if (1..=ID_CHARS_MAX).contains(&length) {
        return Ok(id);
    }
    let message = format!("{field} has 1 to {ID_CHARS_MAX} characters, not {length}");
    Err(invalid(field, message))
}

/// Checks a filter.
pub(crate) fn filter(filter: &JobFilter) -> Result<(), ApiError> {
    let texts = [
        ("filter.text", &filter.text),
        ("filter.name", &filter.name),
        ("filter.fingerprint", &filter.fingerprint),
    ];
    for (field, text) in texts {
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        if length > FILTER_CHARS_MAX {
            let message =
                format!("{field} has at most {FILTER_CHARS_MAX} characters, not {length}");
            return Err(invalid(field, message));
        }
    }
    Ok(())
}

/// Checks a number against its bounds.
pub(crate) fn within<T: PartialOrd + std::fmt::Display + Copy>(
    number: T,
    least: T,
    most: T,
    field: &str,
) -> Result<T, ApiError> {
    if number >= least && number <= most {
        return Ok(number);
    }
    let message = format!("{field} is from {least} to {most}, not {number}");
    Err(invalid(field, message))
}

impl Queues {
    /// Reads the name of a queue and sees that it exists.
    pub(crate) async fn existing(&self, queue: &QueueRef, at: &str) -> Result<QueueName, ApiError> {
        let name = queue_name(self, queue, at)?;
        if self.find(&name).await? {
            return Ok(name);
        }
        let message = format!("there is no queue {name} on this redis");
        Err(ApiError::new(ErrorCode::NotFound, message))
    }
}
