//! A deployment elsewhere: the operations over HTTP, in the envelope that every console speaks.

use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::Value;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take; exports and imports are the slow ones.
const ANSWER: Duration = Duration::from_secs(60);
/// The largest answer that is taken.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A node that is reached by address and token.
#[derive(Clone)]
pub(crate) struct RemoteNode {
    url: NodeUrl,
    token: String,
    http: reqwest::Client,
}

impl RemoteNode {
    pub(crate) fn new(url: NodeUrl, token: String) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS and certificates can be made");
        Self { url, token, http }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &NodeUrl {
        &self.url
    }

    /// What opens it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Runs an operation there.
    ///
    /// # Errors
    /// Those of the operation; `unavailable` when nobody answers.
    pub(crate) async fn dispatch(&self, name: &str, payload: Value) -> Result<Value, ApiError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            let message = "an operation is named `area.verb`";
            return Err(ApiError::new(ErrorCode::NotFound, message));
        }
        let address = self.url.http(&format!("/api/v2/console/{name}"));
        let unreachable = |error: reqwest::Error| {
            let message = format!("the server at {} cannot be reached", self.url);
            let mut error = ApiError::new(ErrorCode::Unavailable, message)
                .with_detail(error.without_url().to_string());
            error.retryable = true;
            error
        };
        let answer = self
            .http
            .post(address)
            .bearer_auth(&self.token)
            .json(&payload)
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unreachable)?;
        if bytes.len() > ANSWER_BYTES_MAX {
            let message = "the server's answer is too large";
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        if status.is_success()
            && let Ok(value) = serde_json::from_slice(&bytes)
        {
            return Ok(value);
        }
        Err(refusal(status.as_u16(), &bytes))
    }
}

/// The server's own words if it has some, else what its status says.
fn refusal(status: u16, bytes: &[u8]) -> ApiError {
    if let Ok(error) = serde_json::from_slice::<ApiError>(bytes) {
        return error;
    }
    let code = match status {
        401 => ErrorCode::Unauthorized,
        403 => ErrorCode::Forbidden,
        404 | 405 => ErrorCode::NotFound,
        502..=504 => ErrorCode::Unavailable,
        _ => ErrorCode::Internal,
    };
    ApiError::new(
        code,
        format!("the server answered with HTTP status {status}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_the_servers_words() {
        let error = ApiError::new(ErrorCode::Invalid, "no name").on("name");
        let text = serde_json::to_vec(&error).unwrap();
        let read = refusal(400, &text);
        assert_eq!(
            (read.code, read.field.as_deref()),
            (ErrorCode::Invalid, Some("name"))
        );
        assert_eq!(refusal(502, b"<html>").code, ErrorCode::Unavailable);
        assert_eq!(refusal(200, b"<html>").code, ErrorCode::Internal);
    }

    #[tokio::test]
    async fn a_name_cannot_lead_elsewhere() {
        let node = RemoteNode::new("http://127.0.0.1:9".parse().unwrap(), "t".to_owned());
        for name in ["", "../x", "a/b", "a?b"] {
            let error = node.dispatch(name, Value::Null).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::NotFound, "{name}");
        }
        let error = node.dispatch("system.info", Value::Null).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
    }
}
