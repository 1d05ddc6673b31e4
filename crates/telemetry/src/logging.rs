//! Logs: to the console for people or machines, and to a daily file as JSON lines.
//!
//! Control characters in messages and values are escaped in the console format (JSON escapes them
//! by itself), so that what a client sends can neither forge a log line nor steer a terminal.
//! The newest lines are kept in memory as well, without secrets: [`ring`].

pub mod escape;
pub mod redact;
pub mod ring;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry};

use escape::Escaped;
use ring::LogRing;

/// How the console shows log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line, coloured on a terminal.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// The daily log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFiles {
    /// The folder; it is made when it is missing.
    pub directory: PathBuf,
    /// How many daily files are kept; older ones are deleted at start and at midnight (UTC).
    pub files_max: usize,
}

/// What is logged, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// A level (`info`) or a list of directives (`info,graphy_engine=debug`).
    pub filter: String,
    /// How the console shows log lines.
    pub format: LogFormat,
    /// The daily file, if one is wanted.
    pub files: Option<LogFiles>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Human,
            files: None,
        }
    }
}

/// Says why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not a level or a list of directives.
    #[error("cannot read the log filter {filter:?}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// The log file cannot be made.
    #[error("cannot make a log file in {}", directory.display())]
    File {
        /// Where it should be.
        directory: PathBuf,
        /// What the system said.
        #[source]
        source: InitError,
    },
    /// Logging was set up before.
    #[error("cannot set up logging twice in one process")]
    Installed(#[source] TryInitError),
}

/// Keeps the log file's writer alive; dropping it writes what is still buffered.
#[derive(Debug)]
#[must_use = "dropping the guard ends the log file"]
pub struct LogGuard {
    _file: Option<WorkerGuard>,
}

/// Sets up logging for the whole process. Console lines go to standard error, so that standard
/// output stays free for results.
///
/// # Errors
/// [`LogError`]: a bad filter, a folder that cannot be written to, or a second call.
pub fn install(config: &LogConfig) -> Result<LogGuard, LogError> {
    let console = match config.format {
        LogFormat::Human => tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .fmt_fields(escaped_fields())
            .with_filter(filter(&config.filter)?)
            .boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .with_writer(std::io::stderr)
            .with_filter(filter(&config.filter)?)
            .boxed(),
    };
    let memory = LogRing::of_process().layer();
    let mut layers = vec![console, memory.with_filter(filter(&config.filter)?).boxed()];
    let mut guard = LogGuard { _file: None };
    if let Some(files) = &config.files {
        let (writer, file_guard) = tracing_appender::non_blocking(daily_file(files)?);
        guard._file = Some(file_guard);
        layers.push(
            tracing_subscriber::fmt::layer::<Registry>()
                .json()
                .with_writer(writer)
                .with_filter(filter(&config.filter)?)
                .boxed(),
        );
    }
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(LogError::Installed)?;
    Ok(guard)
}

fn filter(text: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(text).map_err(|source| LogError::Filter {
        filter: text.to_owned(),
        source,
    })
}

fn daily_file(files: &LogFiles) -> Result<RollingFileAppender, LogError> {
    let directory: &Path = &files.directory;
    // The appender makes it too, but first complains on standard error that it cannot be read; if
    // it cannot be made, the appender says so.
    let _ = std::fs::create_dir_all(directory);
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("graphy")
        .filename_suffix("log")
        .max_log_files(files.files_max.max(1))
        .build(directory)
        .map_err(|source| LogError::File {
            directory: directory.to_owned(),
            source,
        })
}

/// Formats `message key=value …` with control characters escaped.
fn escaped_fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    format::debug_fn(|writer, field, value| {
        let mut escaped = Escaped(writer);
        match field.name() {
            "message" => write!(escaped, "{value:?}"),
            name => write!(escaped, "{name}={value:?}"),
        }
    })
    .delimited(" ")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Capture(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Capture {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Capture {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_client_cannot_forge_a_log_line_or_steer_the_terminal() {
        let capture = Capture::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(capture.clone())
            .with_ansi(false)
            .fmt_fields(escaped_fields());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let name = "x\nERROR forged \u{1b}[31m\u{202e}";
            tracing::info!(%name, count = 3, "hello {name}");
        });
        let text = String::from_utf8(capture.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let tail = r"hello x\u{a}ERROR forged \u{1b}[31m\u{202e} name=x\u{a}ERROR forged";
        assert!(text.contains(tail), "{text}");
        assert!(text.trim_end().ends_with("count=3"), "{text}");
    }

    #[test]
    fn old_daily_files_are_pruned_at_start() {
        let folder = tempfile::tempdir().unwrap();
        for day in 10..20 {
            std::fs::write(
                folder.path().join(format!("graphy.2020-01-{day}.log")),
                "old",
            )
            .unwrap();
        }
        std::fs::write(folder.path().join("other.txt"), "not ours").unwrap();
        let files = LogFiles {
            directory: folder.path().to_owned(),
            files_max: 3,
        };
        drop(daily_file(&files).unwrap());
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names.len(),
            4,
            "three log files and the other one: {names:?}"
        );
        assert!(names.contains(&"other.txt".to_owned()));
    }

    #[test]
    fn a_bad_filter_is_named() {
        let error = filter("graphy=loud").expect_err("there is no such level");
        assert_eq!(
            error.to_string(),
            "cannot read the log filter \"graphy=loud\""
        );
    }
}
