//! Links and images in Markdown: what is in this repository must be there.

/// Every relative link in `text` that leads to none of the `files` and to no folder of them.
pub(super) fn violations(file: &str, text: &str, files: &[String]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut fence = None;
    for (index, line) in text.lines().enumerate() {
        let mark = line.trim_start().get(..3);
        if let Some(mark) = mark.filter(|mark| ["```", "~~~"].contains(mark)) {
            match fence {
                None => fence = Some(mark),
                Some(open) if open == mark => fence = None,
                Some(_) => {}
            }
            continue;
        }
        if fence.is_some() {
            continue;
        }
        for target in targets(&without_code(line)) {
            if !leads_somewhere(file, target, files) {
                violations.push(format!("{file}:{}: `{target}` is not there", index + 1));
            }
        }
    }
    violations
}

/// The line without its `code`.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    // A last, unpaired mark opens nothing.
    let paired = parts.len() - 1 + parts.len() % 2;
    let text = parts.iter().enumerate();
    text.filter(|(index, _)| index % 2 == 0 || *index >= paired)
        .map(|(_, part)| *part)
        .collect()
}

/// Where the links and images of a line lead.
fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (opening, closing) in [("](", ")"), ("src=\"", "\""), ("href=\"", "\"")] {
        for (start, _) in line.match_indices(opening) {
            let rest = &line[start + opening.len()..];
            targets.extend(rest.split_once(closing).map(|(target, _)| target));
        }
    }
    // `[label]: target`, but not the footnote `[^1]: text`.
    let definition = line.trim_start().strip_prefix('[');
    let definition = definition.filter(|rest| !rest.starts_with('^'));
    targets.extend(
        definition
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, target)| target),
    );
    targets
        .iter()
        .filter_map(|target| address(target))
        .collect()
}

/// The address without its title and its angle brackets.
fn address(target: &str) -> Option<&str> {
    let target = target.trim();
    if let Some(bracketed) = target.strip_prefix('<') {
        return bracketed.split_once('>').map(|(address, _)| address);
    }
    target.split_whitespace().next()
}

fn leads_somewhere(file: &str, target: &str, files: &[String]) -> bool {
    let outside = target.contains("://") || target.starts_with("mailto:");
    let path = target.split(['#', '?']).next().unwrap_or_default();
    if outside || path.is_empty() {
        return true;
    }
    let folder = match path.strip_prefix('/') {
        Some(_) => "",
        None => file.rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    let Some(path) = resolved(folder, path) else {
        return false;
    };
    path.is_empty()
        || files.iter().any(|file| {
            file.strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// The path from the root of the repository, or nothing when it leads out of it.
fn resolved(folder: &str, path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let files = ["README.md", "docs/limits.md", "docs/images/a.png"];
        violations("docs/limits.md", text, &files.map(String::from))
    }

    #[test]
    fn a_broken_link_is_found_with_its_line() {
        assert_eq!(
            found("# Limits\n\nSee [this](missing.md) and [that](limits.md).\n"),
            ["docs/limits.md:3: `missing.md` is not there"]
        );
    }

    #[test]
    fn broken_links_of_every_form_are_found() {
        for text in [
            "![picture](images/b.png)",
            "[a](image)",
            "[a](../docs/none.md#part)",
            "[a](<none.md> \"title\")",
            "[a](/none.md)",
            "[a](../../README.md)",
            "[label]: none.md",
            "<img src=\"images/b.png\">",
            "odd ` mark [a](none.md)",
        ] {
            assert_eq!(found(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_there_or_elsewhere_or_code_is_no_violation() {
        for text in [
            "![picture](images/a.png \"title\") [b](../README.md#start)",
            "[folder](images) [folder](images/) [root](/docs/limits.md) [top](..)",
            "[web](https://example.org/none.md) [mail](mailto:a@example.org) [here](#part)",
            "[label]: limits.md",
            "[^1]: A footnote.",
            "`[a](none.md)` and `b`",
            "```text\n[a](none.md)\n~~~\n[a](none.md)\n```",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
