//! Sends one body to one address, over HTTP or HTTPS. Follows nothing and keeps no secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client for both kinds of addresses.
pub(super) struct Post {
    plain: Client<HttpConnector, Full<Bytes>>,
    /// Why there is none, where the system has no certificates to trust.
    encrypted: Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String>,
}

impl Post {
    pub(super) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let encrypted = connector
            .map(|builder| {
                let connector = builder.https_only().enable_http1().build();
                Client::builder(TokioExecutor::new()).build(connector)
            })
            .map_err(|error| format!("there are no certificates to trust: {error}"));
        Self {
            plain: Client::builder(TokioExecutor::new()).build_http(),
            encrypted,
        }
    }

    /// Sends a JSON text with one header more. Cancel-safe; the other side may have got it all the
    /// same.
    ///
    /// # Errors
    /// Why there was no answer, without the address, which may hold secrets.
    pub(super) async fn send(
        &self,
        url: &str,
        (name, value): (&str, &str),
        body: String,
    ) -> Result<StatusCode, String> {
        let request = request(url, (name, value), body)?;
        let sent = if request.uri().scheme_str() == Some("https") {
            let client = self.encrypted.as_ref().map_err(Clone::clone)?;
            client.request(request).await
        } else {
            self.plain.request(request).await
        };
        let response = sent.map_err(|error| innermost(&error))?;
        Ok(response.status())
    }
}

fn request(
    url: &str,
    (name, value): (&str, &str),
    body: String,
) -> Result<Request<Full<Bytes>>, String> {
    let unusable = || "the address cannot be used".to_owned();
    let mut address = reqwest::Url::parse(url).map_err(|_| unusable())?;
    let login = login(&address);
    address.set_fragment(None);
    address.set_username("").map_err(|()| unusable())?;
    address.set_password(None).map_err(|()| unusable())?;
    let mut request = Request::post(address.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::USER_AGENT,
            concat!("graphy/", env!("CARGO_PKG_VERSION")),
        )
        .header(name, value);
    if let Some(login) = login {
        request = request.header(header::AUTHORIZATION, login);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| unusable())
}

/// The header for user and password of an address, if it has them.
fn login(address: &reqwest::Url) -> Option<String> {
    let password = address.password();
    if address.username().is_empty() && password.is_none() {
        return None;
    }
    let pair = format!("{}:{}", address.username(), password.unwrap_or_default());
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

/// The cause at the bottom says most: "connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_go_into_a_header() {
        let made = request(
            "https://ada:pass@example.org/in?token=x#part",
            ("graphy-delivery", "1"),
            String::new(),
        )
        .unwrap();
        assert_eq!(made.uri(), "https://example.org/in?token=x");
        assert_eq!(made.headers()["authorization"], "Basic YWRhOnBhc3M=");
        assert_eq!(made.headers()["graphy-delivery"], "1");
        assert!(request("nonsense", ("a", "b"), String::new()).is_err());
    }
}
