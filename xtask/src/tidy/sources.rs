//! Rules about single source files: length, module documentation, leftovers, and the one place
//! that may talk to the desktop host.

/// Lines that a file of code may have.
const LINES_MAX: usize = 500;

/// What counts as code for that limit.
const LIMITED: [&str; 6] = [".rs", ".ts", ".tsx", ".mjs", ".lua", ".css"];

/// Where the interface may import the desktop host's library.
const DESKTOP_PLATFORM: &str = "ui/src/platform/tauri";

/// Words that say that something is unfinished. Taken apart here, or this file would be found.
const LEFTOVERS: [&str; 5] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X"),
];

/// Whether a file is written by hand in a language that the rules speak about.
pub(super) fn is_examined(file: &str) -> bool {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = ["rs", "ts", "tsx", "mjs", "css", "sh", "toml", "lua", "py"].contains(&extension);
    known
        && !file
            .split('/')
            .any(|part| part == "generated" || part == "histories")
}

/// Every rule that the text of `file` breaks.
pub(super) fn violations(file: &str, text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let rust = file.ends_with(".rs");
    let script = file.ends_with(".ts") || file.ends_with(".tsx");
    let lines = text.lines().count();
    if lines > LINES_MAX && LIMITED.iter().any(|ending| file.ends_with(ending)) {
        violations.push(format!("{file}: {lines} lines, at most {LINES_MAX}"));
    }
    if rust
        && !text
            .lines()
            .find(|line| !line.is_empty())
            .is_some_and(is_module_doc)
    {
        violations.push(format!(
            "{file}: does not begin with a `//!` that says what it is for"
        ));
    }
    if script && !is_in(file, DESKTOP_PLATFORM) && text.contains("@tauri-apps/") {
        violations.push(format!(
            "{file}: only {DESKTOP_PLATFORM} may import @tauri-apps"
        ));
    }
    for (index, line) in text.lines().enumerate() {
        if let Some(word) = LEFTOVERS.iter().find(|word| has_word(line, word)) {
            violations.push(format!("{file}:{}: leftover `{word}`", index + 1));
        }
    }
    violations
}

fn is_module_doc(line: &str) -> bool {
    line.strip_prefix("//!")
        .is_some_and(|text| !text.trim().is_empty())
}

fn is_in(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || rest.starts_with('.'))
}

/// Whether the line holds the word by itself and not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let open_ended = word.ends_with('(');
        !before.is_some_and(part_of_word) && (open_ended || !after.is_some_and(part_of_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let text = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(violations("crates/model/src/a.rs", &text).len(), 1);
        let text = format!("//! Right.\n{}", "\n".repeat(LINES_MAX - 1));
        assert!(violations("crates/model/src/a.rs", &text).is_empty());
        let text = "x\n".repeat(LINES_MAX + 1);
        for file in ["ui/src/a.tsx", "a.test.mjs", "apply.lua", "graph.css"] {
            assert_eq!(violations(file, &text).len(), 1, "{file}");
        }
        assert!(violations("deny.toml", &text).is_empty());
    }

    #[test]
    fn generated_files_are_not_examined() {
        assert!(!is_examined("ui/src/generated/frames.ts"));
        assert!(!is_examined("ui/src/replica/histories/a.json"));
        assert!(is_examined("ui/src/replica/replica.ts"));
    }

    #[test]
    fn a_module_without_documentation_is_found() {
        for text in [
            "fn a() {}\n",
            "// Not a doc.\nfn a() {}\n",
            "//!\nfn a() {}\n",
            "",
        ] {
            assert_eq!(violations("a.rs", text).len(), 1, "{text:?}");
        }
        assert!(violations("a.rs", "\n//! Adds.\nfn a() {}\n").is_empty());
    }

    #[test]
    fn the_desktop_host_is_imported_in_one_place() {
        let import = "import { invoke } from \"@tauri-apps/api/core\";\n";
        assert_eq!(violations("ui/src/app/app.tsx", import).len(), 1);
        assert_eq!(
            violations("ui/src/platform/tauri-like/a.ts", import).len(),
            1
        );
        assert!(violations("ui/src/platform/tauri/rpc.ts", import).is_empty());
        assert!(violations("ui/src/platform/tauri.ts", import).is_empty());
    }

    #[test]
    fn leftovers_are_found_with_their_line() {
        for word in LEFTOVERS {
            let text = format!("//! A.\n// {word} later\n");
            assert_eq!(
                violations("a.rs", &text),
                [format!("a.rs:2: leftover `{word}`")]
            );
        }
        assert!(violations("a.css", "/* TODOS are a list kind */").is_empty());
    }
}
