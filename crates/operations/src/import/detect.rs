//! Finds out what a file is from its name, else from its first words.

use graphy_protocol::console::ImportFormat;

use super::error::ImportError;

/// A format that can be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    CargoLock,
    PackageLock,
    GraphyJson,
}

/// Names the format of a file: the one that was asked for, else the one that it looks like.
pub(super) fn resolve(
    asked: ImportFormat,
    file_name: &str,
    text: &str,
) -> Result<Format, ImportError> {
    match asked {
        ImportFormat::CargoLock => Ok(Format::CargoLock),
        ImportFormat::PackageLock => Ok(Format::PackageLock),
        ImportFormat::GraphyJson => Ok(Format::GraphyJson),
        ImportFormat::Auto => by_name(file_name)
            .or_else(|| by_content(text))
            .ok_or_else(|| unknown(file_name, text)),
    }
}

/// Says why a file is nothing that is understood: it is broken JSON, or something else.
fn unknown(file_name: &str, text: &str) -> ImportError {
    let is_json =
        file_name.to_ascii_lowercase().ends_with(".json") || text.trim_start().starts_with('{');
    if is_json && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return ImportError::NotJson {
            line: error.line(),
            column: error.column(),
        };
    }
    ImportError::UnknownFormat {
        file_name: graphy_model::envelope::clip(file_name),
    }
}

fn by_name(file_name: &str) -> Option<Format> {
    let last = file_name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(file_name)
        .to_ascii_lowercase();
    match last.as_str() {
        "cargo.lock" => Some(Format::CargoLock),
        "package-lock.json" | "npm-shrinkwrap.json" => Some(Format::PackageLock),
        name if name.ends_with(".graphy.json") => Some(Format::GraphyJson),
        _ => None,
    }
}

fn by_content(text: &str) -> Option<Format> {
    const LOOK_BYTES_MAX: usize = 4096;
    let mut end = text.len().min(LOOK_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    if head.trim_start().starts_with('{') {
        if head.contains("\"lockfileVersion\"") {
            return Some(Format::PackageLock);
        }
        return (head.contains("\"format\"") && head.contains("\"graphy\""))
            .then_some(Format::GraphyJson);
    }
    head.lines()
        .any(|line| line.trim_end() == "[[package]]")
        .then_some(Format::CargoLock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file_name: &str, text: &str) -> Option<Format> {
        resolve(ImportFormat::Auto, file_name, text).ok()
    }

    #[test]
    fn the_name_decides_before_the_content() {
        assert_eq!(found("/home/ann/Cargo.lock", ""), Some(Format::CargoLock));
        assert_eq!(
            found(r"C:\web\package-lock.json", "{"),
            Some(Format::PackageLock)
        );
        assert_eq!(found("office.graphy.json", ""), Some(Format::GraphyJson));
    }

    #[test]
    fn the_content_decides_where_the_name_says_nothing() {
        assert_eq!(
            found("a.txt", "version = 4\n\n[[package]]\n"),
            Some(Format::CargoLock)
        );
        assert_eq!(
            found("a.txt", "{\"lockfileVersion\": 3}"),
            Some(Format::PackageLock)
        );
        assert_eq!(
            found("a.txt", " {\"format\": \"graphy\""),
            Some(Format::GraphyJson)
        );
        assert_eq!(found("a.txt", "{}"), None);
        assert_eq!(found("a.txt", &"ü".repeat(5000)), None);
    }

    #[test]
    fn broken_json_is_told_with_its_place() {
        let told = |file_name: &str, text: &str| {
            resolve(ImportFormat::Auto, file_name, text)
                .unwrap_err()
                .to_string()
        };
        let truncated = "{\n  \"nodes\": [{\"id\": \"a\"}";
        assert_eq!(
            told("graph.json", truncated),
            "not valid JSON at line 2 column 23"
        );
        assert_eq!(
            told("graph.txt", "{\"a\": x}"),
            "not valid JSON at line 1 column 7"
        );
        assert_eq!(
            told("graph.json", "oops"),
            "not valid JSON at line 1 column 1"
        );
        assert!(told("graph.json", "{}").starts_with("cannot tell what \"graph.json\" is"));
        assert!(told("graph.txt", "oops").starts_with("cannot tell what \"graph.txt\" is"));
    }

    #[test]
    fn what_was_asked_for_stands() {
        let format = resolve(ImportFormat::GraphyJson, "Cargo.lock", "");
        assert_eq!(format, Ok(Format::GraphyJson));
    }
}
