//! Files for outside: a graph as JSON, as a vector picture or as a bitmap.
//!
//! Pure: a graph in, bytes out. Both pictures are drawn by one renderer, so that the console, the
//! HTTP API and the CLI give the same.

mod font;
mod json;
mod paint;
mod palette;
mod picture;
mod scene;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use graphy_model::{Edge, Graph, Node};
use graphy_protocol::console::{ExportFormat, ExportedFile};
use graphy_protocol::{ApiError, ErrorCode};

pub use json::graph_json;
pub use picture::{png, svg};

/// The most nodes that a picture shows.
pub const PICTURE_NODES_MAX: usize = 20_000;
/// The most edges that a picture shows.
pub const PICTURE_EDGES_MAX: usize = 100_000;

/// Says why a graph cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A picture of so much would help nobody.
    #[error("the graph has {count} {what}, a picture shows at most {limit}; export it as json")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much there may be.
        limit: usize,
    },
    /// The renderer failed.
    #[error("cannot draw the graph: {0}")]
    Draw(String),
    /// The picture could not be encoded.
    #[error("cannot encode the picture")]
    Encode(#[source] png::EncodingError),
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        let code = match error {
            ExportError::TooLarge { .. } => ErrorCode::TooLarge,
            ExportError::Draw(_) | ExportError::Encode(_) => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

/// The content of a graph in a stable order: what an export is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GraphContent {
    /// The nodes, by id.
    pub nodes: Vec<Node>,
    /// The edges, by id.
    pub edges: Vec<Edge>,
}

impl GraphContent {
    /// Copies the content of a graph.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let mut nodes: Vec<Node> = graph
            .nodes()
            .values()
            .map(|entry| entry.entity.clone())
            .collect();
        let mut edges: Vec<Edge> = graph
            .edges()
            .values()
            .map(|entry| entry.entity.clone())
            .collect();
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        edges.sort_by(|a, b| a.id.cmp(&b.id));
        Self { nodes, edges }
    }
}

/// Makes the file of a graph. Drawing takes up to seconds, so async callers give it a thread.
///
/// # Errors
/// [`ExportError`] when a picture is asked for that cannot be drawn.
pub fn export(
    name: &str,
    content: &GraphContent,
    format: ExportFormat,
) -> Result<ExportedFile, ExportError> {
    let stem = file_stem(name);
    let file = |extension: &str, mime: &str, text, base64| ExportedFile {
        file_name: format!("{stem}.{extension}"),
        mime: mime.to_owned(),
        text,
        base64,
    };
    Ok(match format {
        ExportFormat::Json => {
            let text = graph_json(name, content);
            file("graphy.json", "application/json", Some(text), None)
        }
        ExportFormat::Svg => file("svg", "image/svg+xml", Some(svg(content)?), None),
        ExportFormat::Png => file("png", "image/png", None, Some(BASE64.encode(png(content)?))),
    })
}

/// Makes a file name that every system takes.
pub(crate) fn file_stem(name: &str) -> String {
    const CHARS_MAX: usize = 80;
    let kept: String = name
        .chars()
        .take(CHARS_MAX)
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let stem = kept.trim_matches(['.', '-']);
    if stem.is_empty() {
        "graph".to_owned()
    } else {
        stem.to_owned()
    }
}

#[cfg(test)]
mod tests;
