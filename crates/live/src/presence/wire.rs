//! What nodes tell each other, and frames of presence as text.

use std::fmt::Write as _;

use bytes::Bytes;
use graphy_protocol::presence::Peer;
use serde::Deserialize;

/// The largest message or frame, in bytes, unless one peer alone is larger.
pub(super) const PIECE_BYTES_MAX: usize = 60 * 1024;

/// A message of a node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeMessage {
    /// Which node.
    pub(crate) node: String,
    /// Whether it wants to know who is there.
    #[serde(default)]
    pub(crate) ask: bool,
    /// All of its sessions, if it says so: others that were known of it are gone.
    #[serde(default)]
    pub(crate) all: Option<Vec<String>>,
    /// Sessions that came or changed.
    #[serde(default)]
    pub(crate) peers: Vec<Peer>,
    /// Sessions that left.
    #[serde(default)]
    pub(crate) left: Vec<String>,
}

/// Writes a question to all other nodes.
pub(super) fn question(node: &str) -> String {
    serde_json::json!({"node": node, "ask": true}).to_string()
}

/// Writes messages about sessions, none too large; `all` goes with the first.
pub(super) fn messages<'a>(
    node: &str,
    all: Option<&[&str]>,
    left: &[String],
    peers: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let mut pieces = pieces(PIECE_BYTES_MAX, peers);
    if pieces.is_empty() {
        pieces.push(String::new());
    }
    let node = json(&node);
    let write = |(index, peers): (usize, String)| {
        let mut text = format!(r#"{{"node":{node}"#);
        if index == 0 {
            // Writing to a `String` cannot fail.
            if let Some(all) = all {
                let _ = write!(text, r#","all":{}"#, json(&all));
            }
            let _ = write!(text, r#","left":{}"#, json(&left));
        }
        let _ = write!(text, r#","peers":[{peers}]}}"#);
        text
    };
    pieces.into_iter().enumerate().map(write).collect()
}

/// Writes a frame of presence, as `ServerFrame::to_text` does.
pub(super) fn frame(full: bool, peers: &str, left: &[String]) -> Bytes {
    let mut text = format!(r#"{{"type":"presence","full":{full},"peers":[{peers}]"#);
    if !left.is_empty() {
        let _ = write!(text, r#","left":{}"#, json(&left));
    }
    text.push('}');
    text.into()
}

/// Joins texts with commas into pieces that are not too large.
pub(super) fn pieces<'a>(bytes_max: usize, texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for text in texts {
        match pieces.last_mut() {
            Some(open) if open.len() + text.len() < bytes_max => {
                open.push(',');
                open.push_str(text);
            }
            _ => pieces.push(text.to_owned()),
        }
    }
    pieces
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("presence holds only texts and numbers")
}
