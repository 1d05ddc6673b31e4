//! Decision records in `docs/adr`: named `NNN-title.md`, numbered from 001 without a gap.

const FOLDER: &str = "docs/adr/";

/// Every record that is misnamed, misnumbered or without a heading.
pub(super) fn violations(files: &[String], read: impl Fn(&str) -> String) -> Vec<String> {
    let mut violations = Vec::new();
    let mut numbers = Vec::new();
    for file in files {
        let Some(name) = file.strip_prefix(FOLDER) else {
            continue;
        };
        if name == "README.md" {
            continue;
        }
        let Some(number) = number_of(name) else {
            violations.push(format!("{file}: not named NNN-title-in-lower-case.md"));
            continue;
        };
        numbers.push(number);
        if !read(file).starts_with("# ") {
            violations.push(format!("{file}: does not begin with a heading"));
        }
    }
    numbers.sort_unstable();
    for (index, number) in numbers.iter().enumerate() {
        let expected = index + 1;
        if *number != expected {
            violations.push(format!(
                "{FOLDER}: expected number {expected:03}, found {number:03}"
            ));
            break;
        }
    }
    violations
}

fn number_of(name: &str) -> Option<usize> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let lower_case = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let well_named = number.len() == 3 && !title.is_empty() && title.bytes().all(lower_case);
    if well_named {
        number.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<String> {
        let files: Vec<String> = names.iter().map(|name| format!("{FOLDER}{name}")).collect();
        violations(&files, |_| "# A decision\n".to_owned())
    }

    #[test]
    fn numbers_run_from_one_without_a_gap() {
        assert!(found(&["README.md", "001-a.md", "002-b.md"]).is_empty());
        assert_eq!(found(&["001-a.md", "003-c.md"]).len(), 1);
        assert_eq!(found(&["001-a.md", "001-b.md"]).len(), 1);
        assert_eq!(found(&["002-a.md"]).len(), 1);
    }

    #[test]
    fn misnamed_records_are_found() {
        for name in ["1-a.md", "001_a.md", "001-A.md", "notes.md", "001-.md"] {
            assert_eq!(found(&[name]).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_record_has_a_heading() {
        let files = [format!("{FOLDER}001-a.md")];
        assert_eq!(violations(&files, |_| "text".to_owned()).len(), 1);
    }
}
