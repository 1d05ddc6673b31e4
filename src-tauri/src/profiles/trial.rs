//! Trying a connection out, and saying what is wrong with it.

use std::time::Instant;

use graphy_client::NodeUrl;
use graphy_protocol::{ApiError, ErrorCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::remote::RemoteNode;

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(
    tag = "result",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Trial {
    Ok {
        version: String,
        environment: String,
        latency_ms: u64,
    },
    Unreachable {
        message: String,
    },
    Unauthorized {
        message: String,
    },
    WrongVersion {
        message: String,
    },
    Invalid {
        message: String,
    },
}

/// Asks a deployment who it is.
pub(crate) async fn run(url: NodeUrl, token: &str) -> Trial {
    let node = RemoteNode::new(url, token.to_owned());
    let begun = Instant::now();
    let answer = node.dispatch("system.info", json!({})).await;
    let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(info) => judge(&info, latency_ms),
        Err(error) => refused(&error),
    }
}

fn judge(info: &Value, latency_ms: u64) -> Trial {
    let text = |field: &str| info[field].as_str().map(str::to_owned);
    let Some((version, environment)) = text("version").zip(text("environment")) else {
        let message = "something answers there, but it is not a Graphy server".to_owned();
        return Trial::WrongVersion { message };
    };
    let own = env!("CARGO_PKG_VERSION");
    if series(&version) != series(own) {
        let message = format!("the server has version {version}, this console has {own}");
        return Trial::WrongVersion { message };
    }
    Trial::Ok {
        version,
        environment,
        latency_ms,
    }
}

fn refused(error: &ApiError) -> Trial {
    let message = match &error.detail {
        Some(detail) => format!("{}: {detail}", error.message),
        None => error.message.clone(),
    };
    match error.code {
        ErrorCode::Unauthorized | ErrorCode::Forbidden => Trial::Unauthorized { message },
        ErrorCode::NotFound | ErrorCode::MethodNotAllowed | ErrorCode::Internal => {
            let message = format!("it does not answer as this version of Graphy does: {message}");
            Trial::WrongVersion { message }
        }
        ErrorCode::Invalid => Trial::Invalid { message },
        _ => Trial::Unreachable { message },
    }
}

/// The part of a version within which servers and consoles understand each other.
fn series(version: &str) -> Option<(&str, &str)> {
    let mut parts = version.split('.');
    parts.next().zip(parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_another_series_is_told_apart() {
        let own = env!("CARGO_PKG_VERSION");
        let ok = judge(&json!({ "version": own, "environment": "staging" }), 7);
        assert!(matches!(ok, Trial::Ok { latency_ms: 7, .. }), "{ok:?}");
        let info = json!({ "version": "99.0.1", "environment": "x" });
        assert!(matches!(judge(&info, 1), Trial::WrongVersion { .. }));
        assert!(matches!(judge(&json!({}), 1), Trial::WrongVersion { .. }));
        let error = ApiError::new(ErrorCode::Unauthorized, "no");
        assert!(matches!(refused(&error), Trial::Unauthorized { .. }));
    }
}
