//! `graphy export`: write a graph to a file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use clap::{Args, ValueEnum};
use graphy_model::GraphId;
use graphy_protocol::console::{ExportFormat, ExportRequest, ExportedFile};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The graph's id
    graph: GraphId,
    /// Graphy's own JSON, which can be imported again, or a picture
    #[arg(long, short, value_enum, default_value = "json")]
    format: Format,
    /// Where to write; `-` writes to standard output. Without it the file is named after the
    /// graph, and a file of that name is not overwritten
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Svg,
    Png,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    graph_id: GraphId,
    file: String,
    mime: String,
    bytes: usize,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &ExportArguments,
    output: Output,
) -> Result<(), Failure> {
    let format = match arguments.format {
        Format::Json => ExportFormat::Json,
        Format::Svg => ExportFormat::Svg,
        Format::Png => ExportFormat::Png,
    };
    let request = ExportRequest {
        graph_id: arguments.graph.clone(),
        format,
    };
    let file: ExportedFile = node.call("graphs.export", &request).await?;
    write_file(&arguments.graph, file, arguments.output.as_deref(), output)
}

/// Writes a file that a node sent; `-` is standard output, and without a path the file is named as
/// the node says, unless there is a file of that name.
pub(super) fn write_file(
    graph: &GraphId,
    file: ExportedFile,
    path: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    let content = match (file.text, file.base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(base64)) => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .context("the node sent a file that cannot be decoded")?,
        (None, None) => return Err(anyhow::anyhow!("the node sent an empty file").into()),
    };
    if path == Some(Path::new("-")) {
        let mut out = std::io::stdout().lock();
        out.write_all(&content)?;
        return Ok(out.flush()?);
    }
    let path = match path {
        Some(path) => path.to_owned(),
        None => {
            let path = PathBuf::from(&file.file_name);
            if path.exists() {
                let message = format!(
                    "{} exists; name the file with -o to overwrite it",
                    path.display()
                );
                return Err(Failure::Usage(message));
            }
            path
        }
    };
    std::fs::write(&path, &content).with_context(|| format!("cannot write {}", path.display()))?;
    let written = Written {
        graph_id: graph.clone(),
        file: path.display().to_string(),
        mime: file.mime,
        bytes: content.len(),
    };
    output.result(&written, |written| {
        format!("wrote {} ({} bytes)", written.file, written.bytes)
    })
}
