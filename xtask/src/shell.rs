//! Child processes: started with their command line shown, awaited, and judged by their status.
//!
//! Children get no standard input, so that a tool that would ask a question fails instead of
//! hanging an unattended run.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, bail};

/// One external command that is about to be run.
pub(crate) struct Shell {
    command: Command,
    line: String,
}

impl Shell {
    /// A command in `folder`; `words` are the program and its arguments.
    pub(crate) fn new<S: AsRef<OsStr>>(folder: &Path, words: &[S]) -> Self {
        let (program, arguments) = words.split_first().expect("a command line has a program");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null());
        let line = words
            .iter()
            .map(|word| word.as_ref().to_string_lossy().into_owned());
        Self {
            command,
            line: line.collect::<Vec<_>>().join(" "),
        }
    }

    /// `cargo` with the given arguments at `folder`, the same toolchain that runs this tool.
    pub(crate) fn cargo<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let words: Vec<&OsStr> = std::iter::once(cargo.as_os_str())
            .chain(arguments.iter().map(AsRef::as_ref))
            .collect();
        let mut shell = Self::new(folder, &words);
        let shown = arguments
            .iter()
            .map(|word| word.as_ref().to_string_lossy().into_owned());
        shell.line = format!("cargo {}", shown.collect::<Vec<_>>().join(" "));
        shell
    }

    /// Adds an argument that is not shown, because it is a secret.
    pub(crate) fn secret(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self.line.push_str(" …");
        self
    }

    /// Adds an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes an environment variable away.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Lets the child read this terminal.
    pub(crate) fn interactive(mut self) -> Self {
        self.command.stdin(Stdio::inherit());
        self
    }

    /// Runs it with its output passed straight on; fails when it fails.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.line);
        let status = self
            .command
            .status()
            .with_context(|| format!("could not start `{}`", self.line))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.line);
        }
        Ok(())
    }

    /// Becomes the command, so that the terminal and its Ctrl-C belong to it alone; returns only when
    /// it cannot be started.
    pub(crate) fn become_it(mut self) -> Result<()> {
        println!("$ {}", self.line);
        let error = self.command.exec();
        Err(error).with_context(|| format!("could not start `{}`", self.line))
    }

    /// Runs it silently and gives its standard output back; fails when it fails.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self
            .command
            .output()
            .with_context(|| format!("could not start `{}`", self.line))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`{}` ended with {}: {}",
                self.line,
                output.status,
                message.trim()
            );
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no text", self.line))
    }

    /// Runs it with its output passed on line by line, and collects those lines as well.
    ///
    /// The lines come back even when the command failed: they hold the closing lines to report.
    pub(crate) fn tee(mut self) -> Result<Teed> {
        println!("$ {}", self.line);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{}`", self.line))?;
        let output = child.stdout.take().expect("standard output is piped");
        let errors = child.stderr.take().expect("standard error is piped");
        let lines = Mutex::new(Vec::new());
        thread::scope(|scope| {
            scope.spawn(|| pass_on(output, &lines));
            scope.spawn(|| pass_on(errors, &lines));
        });
        let status = child
            .wait()
            .with_context(|| format!("lost sight of `{}`", self.line))?;
        let lines = lines
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let failure = (!status.success()).then(|| format!("`{}` ended with {status}", self.line));
        Ok(Teed { lines, failure })
    }
}

/// What a passed-on command wrote and how it ended.
pub(crate) struct Teed {
    /// All lines of both streams, without colour codes.
    pub(crate) lines: Vec<String>,
    /// Why the command counts as failed.
    pub(crate) failure: Option<String>,
}

fn pass_on(stream: impl Read, lines: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut raw = Vec::new();
    while matches!(reader.read_until(b'\n', &mut raw), Ok(count) if count > 0) {
        let line = String::from_utf8_lossy(&raw).trim_end().to_owned();
        raw.clear();
        let mut lines = lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // A closed pipe on our side must not stop the child.
        let _ = writeln!(std::io::stdout(), "{line}");
        lines.push(without_colour(&line));
    }
}

/// The text without terminal control sequences.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Where `program` is found on PATH.
pub(crate) fn find_program(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = Shell::new(Path::new("/"), &["false"]).run().unwrap_err();
        assert!(error.to_string().contains("`false` ended with"), "{error}");
    }

    #[test]
    fn a_failing_command_still_gives_its_lines_back() {
        let teed = Shell::new(
            Path::new("/"),
            &["sh", "-c", "echo one; echo two >&2; exit 3"],
        )
        .tee()
        .unwrap();
        let mut lines = teed.lines;
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
        assert!(teed.failure.unwrap().contains("exit status: 3"));
    }

    #[test]
    fn a_secret_is_passed_on_but_not_shown() {
        let shell = Shell::new(Path::new("/"), &["echo", "open"]).secret("hidden");
        assert_eq!(shell.line, "echo open …");
        assert_eq!(shell.read().unwrap(), "open hidden\n");
    }

    #[test]
    fn colour_codes_are_taken_out() {
        assert_eq!(
            without_colour("\u{1b}[32;1mgreen\u{1b}[0m text"),
            "green text"
        );
    }

    #[test]
    fn children_have_no_input_to_wait_for() {
        let text = Shell::new(Path::new("/"), &["cat"]).read().unwrap();
        assert_eq!(text, "");
    }
}
