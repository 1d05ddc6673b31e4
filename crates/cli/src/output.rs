//! Where results go: text for people or one JSON value per line for programs.

use std::io::{self, IsTerminal as _, Write as _};

use graphy_telemetry::logging::escape::printable;
use serde::Serialize;

use crate::exit::Failure;

/// The output of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Says whether programs read the output.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Says whether a line can be rewritten in place.
    pub(crate) fn is_live(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Says whether results go to a terminal, where they can be written over.
    pub(crate) fn is_screen(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// Gives a result, as JSON or as the text that `text` makes of it.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            let line = serde_json::to_string(value).map_err(anyhow::Error::from)?;
            self.raw(&line)
        } else {
            self.raw(&in_lines(&text(value)))
        }
    }

    /// Writes a text and a line end, at once.
    pub(crate) fn raw(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
        match written {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => Ok(written?),
        }
    }

    /// Tells people something that is no result.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            // There is nobody left to tell that this did not work.
            drop(writeln!(io::stderr(), "{text}"));
        }
    }

    /// Writes a line over the one before; only for terminals.
    pub(crate) fn rewrite(self, text: &str) {
        let mut err = io::stderr();
        drop(write!(err, "\r\u{1b}[2K{text}").and_then(|()| err.flush()));
    }

    /// Says why the command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        let text = if self.json {
            let error = serde_json::json!({ "error": failure.to_api_error() });
            error.to_string()
        } else {
            format!(
                "error: {}",
                in_lines(&failure.text()).replace('\n', "\n       ")
            )
        };
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// Lines and columns are ours; what is in them may be somebody else's and must not steer the
/// terminal.
fn in_lines(text: &str) -> String {
    let cells = text.split_inclusive(['\n', '\t']).map(|cell| {
        let inner = cell.trim_end_matches(['\n', '\t']);
        printable(inner).into_owned() + &cell[inner.len()..]
    });
    cells.collect()
}
