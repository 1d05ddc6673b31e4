//! What of a payload may stand in the audit log.
//!
//! By allow list: numbers, yes and no, and the texts of a few fields that are known to name things.
//! Of any other text only its length is kept, since it may be a job's data, a webhook with its key
//! or a confirmation.

use serde_json::{Map, Value, json};

use graphy_model::envelope::clip;
use graphy_telemetry::logging::redact::redact;

/// Fields whose texts are kept: names, ids and words of closed sets.
const NAMING_FIELDS: &[&str] = &[
    "action",
    "clientId",
    "comparison",
    "conflictId",
    "days",
    "fingerprint",
    "format",
    "graphId",
    "jobId",
    "jobIds",
    "key",
    "name",
    "onNoData",
    "operationId",
    "part",
    "prefix",
    "queue",
    "role",
    "ruleId",
    "runId",
    "schedulerId",
    "series",
    "severity",
    "snapshotId",
    "state",
    "title",
    "tokenId",
    "userId",
];

/// Fields that say what an operation is about, with the word for each, the widest first.
const TARGETS: &[(&str, &str)] = &[
    ("queue", "queue"),
    ("graphId", "graph"),
    ("clientId", "client"),
    ("userId", "user"),
    ("ruleId", "rule"),
    ("schedulerId", "scheduler"),
    ("snapshotId", "snapshot"),
    ("runId", "run"),
    ("jobId", "job"),
    ("fingerprint", "failures"),
    ("operationId", "operation"),
    ("tokenId", "token"),
    ("key", "figure"),
    ("role", "role"),
    ("name", "named"),
    ("action", "action"),
    ("state", "state"),
];

/// How many members of an object or list are kept.
const MEMBERS_MAX: usize = 24;
/// How deep objects are followed.
const DEPTH_MAX: usize = 4;
/// How long a text may be, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// How long all that is kept may be, in bytes; else only its size is.
const BYTES_MAX: usize = 8 * 1024;
/// How long a target may be, in characters.
const TARGET_CHARS_MAX: usize = 500;

/// Says in words what an operation is about.
pub(super) fn target(operation: &str, payload: &Value) -> String {
    let mut parts = Vec::new();
    for (field, word) in TARGETS {
        if let Some(text) = find(payload, field) {
            parts.push(format!("{word} {}", name(text)));
        }
    }
    if parts.is_empty() && payload.get("confirmation").is_some() {
        return "what was previewed".to_owned();
    }
    if parts.is_empty() {
        let area = operation.split('.').next().unwrap_or_default();
        return format!("all {area}");
    }
    parts.join(", ").chars().take(TARGET_CHARS_MAX).collect()
}

/// Says in words what came of an operation.
pub(super) fn result(answer: &Value) -> Option<String> {
    let words = ["jobId", "runId", "tokenId", "operationId", "graphId"].iter();
    let parts: Vec<String> = words
        .filter_map(|field| {
            let word = TARGETS.iter().find(|(name, _)| name == field)?.1;
            Some(format!("{word} {}", name(answer.get(field)?.as_str()?)))
        })
        .collect();
    let bulk = bulk_action(answer).into_iter();
    let parts: Vec<String> = bulk.chain(parts).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A bulk action is stopped and taken back by the id of its run alone: only the answer says what
/// that was.
fn bulk_action(answer: &Value) -> Option<String> {
    let action = answer.get("action")?.as_str()?;
    let jobs = answer.get("jobs")?.as_u64()?;
    let queue = answer.get("queue")?.get("queue")?.as_str()?;
    Some(format!("{action} {jobs} jobs of queue {}", name(queue)))
}

/// Returns what of a payload may be kept.
pub(super) fn without_secrets(payload: &Value) -> Value {
    let kept = kept("", payload, 0);
    if kept.to_string().len() > BYTES_MAX {
        return json!(format!("<{} bytes>", payload.to_string().len()));
    }
    kept
}

fn kept(field: &str, value: &Value, depth: usize) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) if NAMING_FIELDS.contains(&field) => json!(name(text)),
        Value::String(text) => json!(format!("<text of {} bytes>", text.len())),
        Value::Array(_) | Value::Object(_) if depth == DEPTH_MAX || field == "data" => {
            json!(format!("<{} bytes>", value.to_string().len()))
        }
        Value::Array(members) => {
            let mut list: Vec<Value> = members
                .iter()
                .take(MEMBERS_MAX)
                .map(|member| kept(field, member, depth + 1))
                .collect();
            if members.len() > MEMBERS_MAX {
                list.push(json!(format!("<{} more>", members.len() - MEMBERS_MAX)));
            }
            Value::Array(list)
        }
        Value::Object(members) => {
            let mut object = Map::new();
            for (name_, member) in members.iter().take(MEMBERS_MAX) {
                // A name is the caller's text as well.
                object.insert(name(name_), kept(name_, member, depth + 1));
            }
            if members.len() > MEMBERS_MAX {
                object.insert("…".to_owned(), json!(members.len() - MEMBERS_MAX));
            }
            Value::Object(object)
        }
    }
}

/// Finds a text in a payload or in an object of it.
fn find<'a>(payload: &'a Value, field: &str) -> Option<&'a str> {
    let members = payload.as_object()?;
    let own = members.get(field).and_then(Value::as_str);
    own.or_else(|| {
        let mut objects = members.iter().filter(|(name, _)| *name != "data");
        objects.find_map(|(_, member)| member.as_object()?.get(field)?.as_str())
    })
}

fn name(text: &str) -> String {
    let short: String = redact(text).chars().take(TEXT_CHARS_MAX).collect();
    clip(&short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_everything_else_is_only_measured() {
        let payload = json!({
            "queue": {"prefix": "bull", "queue": "graph-commands"},
            "jobId": "42",
            "data": {"title": "hunter2", "jobId": "hunter2"},
            "url": "https://hooks.example/hunter2",
            "confirmation": "hunter2",
            "delayMs": 5,
            "filter": {"text": "hunter2", "name": "COMMANDS"},
            "title": "Bearer hunter2hunter2",
        });
        let kept = without_secrets(&payload);
        assert!(!kept.to_string().contains("hunter2"), "{kept}");
        assert_eq!(kept["queue"]["queue"], "graph-commands");
        assert_eq!(
            (&kept["jobId"], &kept["delayMs"]),
            (&json!("42"), &json!(5))
        );
        assert_eq!(kept["confirmation"], "<text of 7 bytes>");
        assert_eq!(
            target("queues.edit_job", &payload),
            "queue graph-commands, job 42, named COMMANDS"
        );
        assert_eq!(target("alerts.test_webhook", &json!({})), "all alerts");
    }

    #[test]
    fn a_bulk_action_is_told_by_what_it_does() {
        let asked = json!({"confirmation": "c"});
        assert_eq!(target("queues.run", &asked), "what was previewed");
        let run = json!({"runId": "r", "queue": {"queue": "mail"}, "action": "remove", "jobs": 3});
        assert_eq!(result(&run).unwrap(), "remove 3 jobs of queue mail, run r");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let wide: Map<String, Value> = (0..10_000)
            .map(|at| (format!("field{at}"), json!("x".repeat(1000))))
            .collect();
        let ids: Vec<String> = (0..10_000)
            .map(|at| "i".repeat(5000) + &at.to_string())
            .collect();
        let mut deep = json!(1);
        for _ in 0..30 {
            deep = json!({ "queue": deep });
        }
        for payload in [Value::Object(wide), json!({ "jobIds": ids }), deep] {
            let kept = without_secrets(&payload).to_string();
            assert!(kept.len() < 12_000, "{} bytes", kept.len());
            assert!(target("a.b", &payload).len() < 1000);
        }
    }
}
