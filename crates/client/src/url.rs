//! Where a node is, and what follows from that.

use std::fmt;
use std::str::FromStr;

use graphy_model::GraphId;

/// The address of a node: `http://host:port`, as `graphy serve` prints it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeUrl {
    /// `host:port` and, behind a proxy, a path; without a slash at its end.
    rest: String,
}

/// Says why a text is not the address of a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeUrlError {
    /// It does not begin with a scheme that this client speaks.
    #[error("a node's address begins with http://, this one is {0:?}")]
    Scheme(String),
    /// It asks for TLS, which this build does not speak.
    #[error("{0:?} asks for TLS, which this client does not speak: connect through a local proxy")]
    Tls(String),
    /// It names no host, or what is more than an address.
    #[error("{0:?} is not the address of a node; an example is http://127.0.0.1:7400")]
    Form(String),
}

impl NodeUrl {
    /// Returns where the graph's WebSocket is.
    #[must_use]
    pub fn subscribe(&self, graph: &GraphId) -> String {
        format!("ws://{}/api/v2/graphs/{graph}/subscribe", self.rest)
    }

    /// Returns where the console's live frames are.
    #[must_use]
    pub fn console_live(&self) -> String {
        format!("ws://{}/api/v2/console/live", self.rest)
    }

    /// Returns the address of a path on the node; the path begins with a slash.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.rest)
    }
}

impl FromStr for NodeUrl {
    type Err = NodeUrlError;

    fn from_str(text: &str) -> Result<Self, NodeUrlError> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("https://") || lower.starts_with("wss://") {
            return Err(NodeUrlError::Tls(text.to_owned()));
        }
        let scheme = ["http://", "ws://"]
            .into_iter()
            .find(|scheme| lower.starts_with(scheme))
            .ok_or_else(|| NodeUrlError::Scheme(text.to_owned()))?;
        let rest = text[scheme.len()..].trim_end_matches('/');
        let host = rest.split('/').next().unwrap_or_default();
        let strange = |c: char| c.is_whitespace() || c.is_control() || "?#@\\".contains(c);
        if host.is_empty() || host.starts_with(':') || rest.contains(strange) {
            return Err(NodeUrlError::Form(text.to_owned()));
        }
        Ok(Self {
            rest: rest.to_owned(),
        })
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_places() {
        let url: NodeUrl = "http://127.0.0.1:7400/".parse().unwrap();
        let graph = GraphId::new("g:1").unwrap();
        assert_eq!(url.to_string(), "http://127.0.0.1:7400");
        assert_eq!(
            url.subscribe(&graph),
            "ws://127.0.0.1:7400/api/v2/graphs/g:1/subscribe"
        );
        let proxied: NodeUrl = "ws://host/graphy".parse().unwrap();
        assert_eq!(proxied.http("/metrics"), "http://host/graphy/metrics");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "http://",
            "http://:80",
            "http://a b",
            "http://u:p@h",
            "http://h?ticket=1",
        ] {
            assert!(
                matches!(text.parse::<NodeUrl>(), Err(NodeUrlError::Form(_))),
                "{text}"
            );
        }
        assert!(matches!(
            "localhost:80".parse::<NodeUrl>(),
            Err(NodeUrlError::Scheme(_))
        ));
        assert!(matches!(
            "https://h".parse::<NodeUrl>(),
            Err(NodeUrlError::Tls(_))
        ));
    }
}
