//! Why a file cannot be imported.

use graphy_model::envelope::clip;
use graphy_protocol::{ApiError, ErrorCode};

/// Says what is wrong with a file and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Neither its name nor its content says what it is.
    #[error(
        "cannot tell what {file_name:?} is; a Cargo.lock, a package-lock.json or a graph that \
         Graphy exported is expected"
    )]
    UnknownFormat {
        /// The file's name.
        file_name: String,
    },
    /// It looks like JSON and is none.
    #[error("not valid JSON at line {line} column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 for the end of the line before.
        column: usize,
    },
    /// A line is wrong.
    #[error("line {line}: {message}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A value in a JSON file is wrong.
    #[error("{path}: {message}")]
    Path {
        /// The JSON path of the value.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A value in a JSON file has the wrong form.
    #[error("{path} (line {line}): {message}")]
    PathAndLine {
        /// The JSON path of the value.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// There is too much of something.
    #[error("the file has {count} {what}, the limit is {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much there may be.
        limit: usize,
    },
    /// It holds no nodes.
    #[error("the file holds no {what}")]
    Empty {
        /// What should be in it.
        what: &'static str,
    },
}

impl ImportError {
    /// Makes an error about the line that holds a byte.
    pub(super) fn at_byte(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Self::Line {
            line,
            message: message.into(),
        }
    }

    /// Makes an error about a JSON path.
    pub(super) fn at_path(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Path {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        let code = match &error {
            ImportError::TooLarge { .. } => ErrorCode::TooLarge,
            _ => ErrorCode::Invalid,
        };
        let field = match &error {
            ImportError::UnknownFormat { .. } => "format",
            _ => "text",
        };
        Self::new(code, clip(&error.to_string())).on(field)
    }
}

/// Decodes a JSON text and says where it fails.
pub(super) fn decode_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ImportError> {
    // The decoder would take a list of an object's values for the object.
    if !text.trim_start().starts_with('{') {
        return Err(ImportError::Line {
            line: 1,
            message: "a JSON object is expected".to_owned(),
        });
    }
    let mut decoder = serde_json::Deserializer::from_str(text);
    let decoded = serde_path_to_error::deserialize(&mut decoder);
    let value = decoded.map_err(|error| {
        let path = error.path().to_string();
        located(&path, error.inner())
    })?;
    decoder.end().map_err(|error| located(".", &error))?;
    Ok(value)
}

fn located(path: &str, error: &serde_json::Error) -> ImportError {
    let full = error.to_string();
    // serde_json ends its messages with the place, which the error names in a field of its own.
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    let (line, message) = (error.line().max(1), clip(message));
    if error.is_data() && path != "." {
        ImportError::PathAndLine {
            path: clip(path),
            line,
            message,
        }
    } else {
        ImportError::Line { line, message }
    }
}
