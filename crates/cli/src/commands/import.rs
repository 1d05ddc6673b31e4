//! `graphy import`: make a graph from a file.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use graphy_client::ConsoleStream;
use graphy_protocol::ApiError;
use graphy_protocol::ErrorCode;
use graphy_protocol::console::{
    ImportFormat, ImportProgress, ImportRef, ImportRequest, ImportStarted, ImportState,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "The graph appears when it is complete. Ctrl-C leaves nothing behind.")]
pub(crate) struct ImportArguments {
    /// Cargo.lock, package-lock.json, or a graph that `graphy export` wrote
    file: PathBuf,
    /// What to call the graph; made from the file if absent
    #[arg(long)]
    name: Option<String>,
    /// What the file is
    #[arg(long, value_enum, default_value = "auto")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Auto,
    CargoLock,
    PackageLock,
    GraphyJson,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &ImportArguments,
    output: Output,
) -> Result<(), Failure> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {} as text", path.display()))?;
    let request = ImportRequest {
        format: match arguments.format {
            Format::Auto => ImportFormat::Auto,
            Format::CargoLock => ImportFormat::CargoLock,
            Format::PackageLock => ImportFormat::PackageLock,
            Format::GraphyJson => ImportFormat::GraphyJson,
        },
        name: arguments.name.clone(),
        file_name: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        text,
    };
    // Before it begins, so that no news of it is missed.
    let mut stream = ConsoleStream::open(&node.url, &node.token).await?;
    let started: ImportStarted = node.call("graphs.import", &request).await?;
    let bar = bar(output);
    let ended = tokio::select! {
        ended = follow(&mut stream, &started, &bar) => ended?,
        _ = tokio::signal::ctrl_c() => {
            let import = ImportRef { import_id: started.import_id };
            let _: Value = node.call("imports.cancel", &import).await?;
            return Err(Failure::Interrupted);
        }
    };
    bar.finish_and_clear();
    match ended.state {
        ImportState::Done | ImportState::Running => output.result(&ended, |ended| {
            format!(
                "{}\t{} ({} nodes and edges)",
                ended.graph_id, ended.name, ended.total
            )
        }),
        ImportState::Cancelled => Err(Failure::Interrupted),
        ImportState::Failed => {
            let message = ended
                .error
                .unwrap_or_else(|| "the import failed".to_owned());
            Err(ApiError::new(ErrorCode::Invalid, message).into())
        }
    }
}

async fn follow(
    stream: &mut ConsoleStream,
    started: &ImportStarted,
    bar: &ProgressBar,
) -> Result<ImportProgress, Failure> {
    loop {
        let frame = stream.next().await?;
        let ours = |import: &ImportProgress| import.import_id == started.import_id;
        if let Some(import) = frame.imports.into_iter().find(ours) {
            bar.set_length(import.total);
            bar.set_position(import.done);
            if import.state != ImportState::Running {
                return Ok(import);
            }
        }
    }
}

fn bar(output: Output) -> ProgressBar {
    if !output.is_live() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} nodes and edges · {eta} left");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
