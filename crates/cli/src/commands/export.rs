//! `graphy export`: write a graph to a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use graphy_model::GraphId;
use graphy_protocol::console::{ExportFormat, ExportRequest, ExportedFile};
use serde::Serialize;

use crate::exit::Failure;
use crate::files::save;
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

/// Writes a file of a graph that a node sent, and says where.
pub(super) fn write_file(
    graph: &GraphId,
    file: ExportedFile,
    path: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    let Some(saved) = save(file, path)? else {
        return Ok(());
    };
    let written = Written {
        graph_id: graph.clone(),
        file: saved.file,
        mime: saved.mime,
        bytes: saved.bytes,
    };
    output.result(&written, |written| {
        format!("wrote {} ({} bytes)", written.file, written.bytes)
    })
}
