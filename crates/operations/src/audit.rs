//! The audit of what operators do: an intent is written before the action, its outcome after it.
//!
//! **Invariants:** what cannot be written down is not done. An action that was begun is not cut off
//! when its caller goes away, so the outcome is written too unless the process dies; then the log
//! says that the action was begun.

mod detail;

use graphy_model::UserId;
use graphy_protocol::system::{AuditEntry, AuditOutcome, AuditPage, AuditRequest};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::StoreError;
use graphy_store::audit::{AuditLog, AuditQuery, AuditRecord, Ending, Intent, Outcome};
use graphy_telemetry::logging::redact::redact;
use graphy_telemetry::names;
use serde_json::Value;
use tracing::Instrument as _;

use crate::caller::Caller;
use crate::fault::store_fault;

/// How many entries a page has unless it is asked otherwise.
const PAGE: u32 = 50;
/// How many it may have.
const PAGE_MAX: u32 = 200;
/// The longest text of a result, in characters.
const RESULT_CHARS_MAX: usize = 300;

/// An action that is in the log and not ended.
#[must_use = "an action that began ends"]
pub struct Begun {
    log: AuditLog,
    id: String,
    operation: String,
}

/// Writes down that somebody is about to call an operation.
///
/// # Errors
/// `unavailable` when it cannot be written; then the operation must not be carried out.
pub(crate) async fn begin(
    log: &AuditLog,
    caller: &Caller,
    operation: &str,
    payload: &Value,
) -> Result<Begun, ApiError> {
    let intent = Intent {
        at: log.now_ms(),
        user_id: caller.user_id.to_string(),
        operation: operation.to_owned(),
        target: detail::target(operation, payload),
        detail: detail::without_secrets(payload),
        trace_id: caller.trace_id.clone(),
    };
    match log.begin(&intent).await {
        Ok(id) => Ok(Begun {
            log: log.clone(),
            id,
            operation: operation.to_owned(),
        }),
        Err(error) => {
            tracing::error!(%error, operation, "refused, since the audit log takes no entry");
            let message = format!("{operation} is not done, since the audit log cannot be written");
            Err(ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string()))
        }
    }
}

impl Begun {
    /// Writes down how the action ended.
    pub async fn end(self, answer: Result<&Value, &ApiError>) {
        let (outcome, result) = match answer {
            Ok(value) => (Outcome::Done, detail::result(value)),
            Err(error) => {
                let text = format!("{}: {}", error.code.as_str(), error.message);
                let text: String = redact(&text).chars().take(RESULT_CHARS_MAX).collect();
                (outcome_of(error.code), Some(text))
            }
        };
        let ending = Ending {
            at: self.log.now_ms(),
            outcome,
            result,
        };
        if let Err(error) = self.log.end(&self.id, &ending).await {
            metrics::counter!(names::AUDIT_FAILURES).increment(1);
            let (id, operation) = (&self.id, &self.operation);
            tracing::error!(%error, id, operation, ?outcome, "the audit log does not know this outcome");
        }
    }
}

/// Writes an intent, carries an action out and writes its outcome; all of it to the end, even if
/// nobody waits for it any more.
pub(crate) async fn carried_out(
    log: &AuditLog,
    caller: &Caller,
    operation: &str,
    payload: &Value,
    action: impl Future<Output = Result<Value, ApiError>> + Send + 'static,
) -> Result<Value, ApiError> {
    let begun = begin(log, caller, operation, payload).await?;
    let whole = async move {
        // In a task of its own, so that a panic is an outcome too.
        let answer = tokio::spawn(action.in_current_span()).await;
        let answer = answer
            .unwrap_or_else(|_| Err(ApiError::new(ErrorCode::Internal, "the operation panicked")));
        begun.end(answer.as_ref()).await;
        answer
    };
    let ended = tokio::spawn(whole.in_current_span()).await;
    ended.unwrap_or_else(|_| Err(ApiError::new(ErrorCode::Internal, "the node is stopping")))
}

/// Says whether an error means that nothing was done.
fn outcome_of(code: ErrorCode) -> Outcome {
    match code {
        ErrorCode::Timeout | ErrorCode::Unavailable | ErrorCode::Internal => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

/// Reads a piece of the log.
pub(crate) async fn page(log: &AuditLog, request: AuditRequest) -> Result<AuditPage, ApiError> {
    let limit = request.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        let message = format!("a page has 1 to {PAGE_MAX} entries");
        return Err(ApiError::new(ErrorCode::Invalid, message).on("limit"));
    }
    let query = AuditQuery {
        before: request.before,
        user_id: request.user_id.map(|user| user.to_string()),
        operation: request.operation,
        limit: limit as usize,
    };
    let slice = log.list(&query).await.map_err(|error| match error {
        StoreError::Corrupt { detail, .. } if query.before.is_some() => {
            ApiError::new(ErrorCode::Invalid, detail).on("before")
        }
        error => store_fault(&error),
    })?;
    Ok(AuditPage {
        entries: slice.records.into_iter().filter_map(entry).collect(),
        next: slice.next,
    })
}

fn entry(record: AuditRecord) -> Option<AuditEntry> {
    let AuditRecord { id, intent, ending } = record;
    let (outcome, result) = match ending {
        None => (AuditOutcome::Begun, None),
        Some(Ending {
            outcome, result, ..
        }) => {
            let outcome = match outcome {
                Outcome::Done => AuditOutcome::Done,
                Outcome::Failed => AuditOutcome::Failed,
                Outcome::Refused => AuditOutcome::Refused,
            };
            (outcome, result)
        }
    };
    Some(AuditEntry {
        entry_id: id,
        at: intent.at,
        user_id: UserId::new(&intent.user_id).ok()?,
        operation: intent.operation,
        target: intent.target,
        detail: intent.detail,
        outcome,
        result,
        trace_id: intent.trace_id,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use graphy_model::Role;
    use graphy_store::testing::TestRedis;
    use graphy_telemetry::SystemClock;
    use serde_json::json;
    use tokio::sync::Notify;

    use super::*;

    fn caller() -> Caller {
        Caller {
            user_id: UserId::new("ada").unwrap(),
            role: Role::Operator,
            trace_id: "trace-1".to_owned(),
        }
    }

    async fn newest(log: &AuditLog) -> AuditEntry {
        let page = page(log, AuditRequest::default()).await.unwrap();
        page.entries.into_iter().next().expect("an entry")
    }

    #[tokio::test]
    async fn what_was_done_is_in_the_log_even_if_the_process_dies_right_after() {
        let redis = TestRedis::start().await;
        let log = AuditLog::new(redis.link().await, SystemClock::shared(), 100);
        let done = Arc::new(Notify::new());
        let tells = Arc::clone(&done);
        // The runtime of the dying process: dropping it ends all of its tasks, as a kill does.
        let process = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let its_log = AuditLog::new(
            process.block_on_link(&redis).await,
            SystemClock::shared(),
            100,
        );
        process.spawn(async move {
            let action = async move {
                tells.notify_one();
                std::future::pending().await
            };
            let payload = json!({ "queue": "q", "jobId": "7" });
            carried_out(&its_log, &caller(), "queues.remove_job", &payload, action).await
        });
        done.notified().await;
        process.shutdown_background();
        let entry = newest(&log).await;
        assert_eq!(entry.outcome, AuditOutcome::Begun);
        assert_eq!(
            (entry.operation.as_str(), entry.target.as_str()),
            ("queues.remove_job", "queue q, job 7")
        );
    }

    /// Connects on another runtime.
    trait OnRuntime {
        async fn block_on_link(&self, redis: &TestRedis) -> graphy_store::RedisLink;
    }

    impl OnRuntime for tokio::runtime::Runtime {
        async fn block_on_link(&self, redis: &TestRedis) -> graphy_store::RedisLink {
            let url = redis.url();
            let connect = async move {
                let tasks = graphy_telemetry::TaskRegistry::default();
                graphy_store::RedisLink::connect(
                    &url,
                    graphy_store::LinkSettings::default(),
                    &tasks,
                )
                .await
            };
            self.spawn(connect).await.unwrap().unwrap()
        }
    }

    #[tokio::test]
    async fn an_action_ends_in_the_log_though_its_caller_went_away() {
        let redis = TestRedis::start().await;
        let log = AuditLog::new(redis.link().await, SystemClock::shared(), 100);
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (its_begun, its_go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        let action = async move {
            its_begun.notify_one();
            its_go_on.notified().await;
            Ok(json!({ "jobId": "8" }))
        };
        let payload = json!({});
        let (who, its_log) = (caller(), log.clone());
        let call = tokio::spawn(async move {
            carried_out(&its_log, &who, "queues.add_job", &payload, action).await
        });
        begun.notified().await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        go_on.notify_one();
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while newest(&log).await.outcome == AuditOutcome::Begun {
            assert!(
                tokio::time::Instant::now() < deadline,
                "the outcome never came"
            );
            tokio::task::yield_now().await;
        }
        let entry = newest(&log).await;
        assert_eq!(
            (entry.outcome, entry.result.as_deref()),
            (AuditOutcome::Done, Some("job 8"))
        );
    }

    #[tokio::test]
    async fn what_cannot_be_written_down_is_not_done() {
        let redis = TestRedis::start().await;
        let link = redis.link().await;
        let log = AuditLog::new(link.clone(), SystemClock::shared(), 100);
        link.close();
        let action = async { panic!("it was done all the same") };
        let answer = carried_out(&log, &caller(), "queues.pause", &json!({}), action).await;
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_in_the_log() {
        let redis = TestRedis::start().await;
        let log = AuditLog::new(redis.link().await, SystemClock::shared(), 100);
        let action = async { panic!("planted") };
        let answer = carried_out(&log, &caller(), "queues.pause", &json!({}), action).await;
        assert_eq!(answer.unwrap_err().code, ErrorCode::Internal);
        assert_eq!(newest(&log).await.outcome, AuditOutcome::Failed);
    }
}
