//! Saving a file that the interface made: into the downloads folder, under a free name.
//!
//! The interface chooses only a name, never a folder, and nothing that exists is overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes that one saved file may have.
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// Tries before giving up on finding a free name.
const NAMES_MAX: u32 = 1000;

/// What is to be saved; exactly one of the two is given.
#[derive(Debug)]
pub(crate) enum Content {
    /// Text, saved as UTF-8.
    Text(String),
    /// Bytes, as Base64.
    Base64(String),
}

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// The content is not what it claims to be.
    #[error("the content of {name} is not valid base64")]
    Encoding { name: String },
    /// The content is too large.
    #[error("{name} is larger than {BYTES_MAX} bytes")]
    TooLarge { name: String },
    /// The disk refused.
    #[error("could not save {name} in {folder}")]
    Write {
        name: String,
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Saves the content in the folder and says where it went.
///
/// # Errors
/// Fails on bad Base64, on too much content, and when the disk refuses.
pub(crate) fn save(folder: &Path, name: &str, content: Content) -> Result<PathBuf, SaveError> {
    let name = safe_name(name);
    let bytes = match content {
        Content::Text(text) => text.into_bytes(),
        Content::Base64(text) => STANDARD
            .decode(text)
            .map_err(|_| SaveError::Encoding { name: name.clone() })?,
    };
    if bytes.len() > BYTES_MAX {
        return Err(SaveError::TooLarge { name });
    }
    write_new(folder, &name, &bytes).map_err(|source| SaveError::Write {
        name,
        folder: folder.to_path_buf(),
        source,
    })
}

fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in 0..NAMES_MAX {
        let path = folder.join(numbered(name, number));
        // `create_new` follows no link and never replaces a file.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => return file.write_all(bytes).map(|()| path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        ErrorKind::AlreadyExists,
        "every numbered name is taken",
    ))
}

/// The last part of the name, without anything that means something to a file system or a shell.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let allowed = |character: char| {
        character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | ' ' | '(' | ')')
    };
    let kept: String = last
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .take(100)
        .collect();
    let kept = kept.trim_start_matches(['.', '-', ' ']).trim_end();
    if kept.is_empty() {
        "graphy-export".to_owned()
    } else {
        kept.to_owned()
    }
}

fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (0, _) => name.to_owned(),
        (_, Some((stem, extension))) => format!("{stem} ({number}).{extension}"),
        (_, None) => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_file_of_the_same_name_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let save = |text: &str| {
            super::save(folder.path(), "graph.json", Content::Text(text.to_owned())).unwrap()
        };
        let (first, second) = (save("one"), save("two"));
        assert_eq!(first.file_name().unwrap(), "graph.json");
        assert_eq!(second.file_name().unwrap(), "graph (1).json");
        assert_eq!(fs::read_to_string(first).unwrap(), "one");
        assert_eq!(fs::read_to_string(second).unwrap(), "two");
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("..\\windows\\a.png", "a.png"),
            (".bashrc", "bashrc"),
            ("a\0b;c.svg", "a-b-c.svg"),
            ("..", "graphy-export"),
            ("", "graphy-export"),
            ("über (2).png", "über (2).png"),
        ] {
            assert_eq!(safe_name(given), kept, "{given:?}");
        }
    }

    #[test]
    fn bytes_are_decoded_and_bad_ones_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = save(folder.path(), "a.bin", Content::Base64("AAEC".to_owned())).unwrap();
        assert_eq!(fs::read(path).unwrap(), [0, 1, 2]);
        let error = save(folder.path(), "b.bin", Content::Base64("?".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the content of b.bin is not valid base64"
        );
        assert!(!folder.path().join("b.bin").exists());
    }
}
