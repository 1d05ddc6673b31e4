//! `graphy dump diagnostic`: an archive for who helps from afar, shown before it is written.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use clap::{Args, Subcommand};
use graphy_protocol::console::ExportedFile;
use graphy_protocol::system::{DiagnosticsPreview, SaveDiagnostics};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{quantity, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct DumpArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write an archive with what helps to find a fault; it holds no secrets and no graphs
    Diagnostic {
        /// Where to write; a file that is there is not overwritten [default: its own name]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write it without asking
        #[arg(long, short)]
        yes: bool,
        /// Print what this file of the archive would hold, and write nothing
        #[arg(long, value_name = "NAME", conflicts_with_all = ["output", "yes"])]
        show: Option<String>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    file: String,
    bytes: usize,
    files: Vec<String>,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: DumpArguments,
    output: Output,
) -> Result<(), Failure> {
    let What::Diagnostic {
        output: path,
        yes,
        show,
    } = arguments.what;
    let preview: DiagnosticsPreview = node.ask("system.preview_diagnostics").await?;
    if let Some(name) = show {
        let file = preview.files.iter().find(|file| file.name == name);
        let file = file.ok_or_else(|| {
            let names: Vec<&str> = preview
                .files
                .iter()
                .map(|file| file.name.as_str())
                .collect();
            Failure::Usage(format!(
                "there is no file {name}; there are {}",
                names.join(", ")
            ))
        })?;
        return output.result(file, |file| file.text.clone());
    }
    output.note(&preview_text(&preview));
    if !yes && !agreed(output)? {
        return Err(Failure::Usage(
            "nothing was written; --yes writes the archive without asking".to_owned(),
        ));
    }
    let request = SaveDiagnostics {
        preview_id: Some(preview.preview_id.clone()),
    };
    let archive: ExportedFile = node.call("system.save_diagnostics", &request).await?;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(archive.base64.unwrap_or_default())
        .context("the archive is not readable")?;
    let path = path.unwrap_or_else(|| PathBuf::from(&preview.file_name));
    write(&path, &bytes)?;
    let written = Written {
        file: path.display().to_string(),
        bytes: bytes.len(),
        files: preview.files.into_iter().map(|file| file.name).collect(),
    };
    output.result(&written, |written| {
        format!("wrote {} ({} bytes)", written.file, written.bytes)
    })
}

#[expect(clippy::cast_precision_loss, reason = "files far below 2^52 bytes")]
fn preview_text(preview: &DiagnosticsPreview) -> String {
    let rows: Vec<Vec<String>> = preview
        .files
        .iter()
        .map(|file| {
            vec![
                file.name.clone(),
                quantity(file.bytes as f64, "bytes"),
                file.about.clone(),
            ]
        })
        .collect();
    let left_out: String = preview
        .left_out
        .iter()
        .map(|text| format!("\n  - {text}"))
        .collect();
    format!(
        "{}\n\nNever part of it:{left_out}\n\n`graphy dump diagnostic --show NAME` prints one of the files.",
        table(&["FILE", "SIZE", "WHAT IT HOLDS"], &[1], &rows),
    )
}

fn agreed(output: Output) -> Result<bool, Failure> {
    if output.is_json() || !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut err = std::io::stderr();
    write!(err, "Write it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(bytes)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
