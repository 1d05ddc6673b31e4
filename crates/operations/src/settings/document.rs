//! The documentation of the configuration, made from the table.

use std::fmt::Write as _;

use super::explain::default_text;
use super::keys::KEYS;
use super::table::Kind;

const HEAD: &str = "\
# Configuration

<!-- Made from crates/operations/src/settings/table.rs; change it there, then run
     `UPDATE_EXPECT=1 cargo nextest run -p graphy-operations configuration`. -->

A setting may come from four places; a later one wins: its default, the file `graphy.toml`, the
environment, a flag. The file is the one that `--config` or `GRAPHY_CONFIG` names, else
`graphy.toml` in the working folder, else `$XDG_CONFIG_HOME/graphy/graphy.toml`. In it, a dot of a
name leads into a table:

```toml
environment = \"staging\"

[redis]
url = \"redis://redis:6379\"

[worker]
concurrency = 32
```

A key of the file, or a variable that begins with `GRAPHY_`, that is not in the table is an error.
An empty variable counts as not set. `graphy config explain` shows for each setting its value and
where that came from; `graphy config show` prints the values as a file.

| setting | variables | flag | values | default | meaning |
|---|---|---|---|---|---|
";

/// Returns the text of `docs/configuration.md`.
#[must_use]
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for key in KEYS {
        let variables: Vec<_> = key
            .variables
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let flag = key.flag.map(|flag| format!("`{flag}`")).unwrap_or_default();
        let default = match key.default_note {
            Some(_) => default_text(key),
            None => match key.default {
                "" => "none".to_owned(),
                value => format!("`{value}`"),
            },
        };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {flag} | {} | {default} | {} |",
            key.name,
            variables.join(", "),
            values(key.kind),
            key.help,
        );
    }
    text
}

fn values(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::Word(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Kind::Whole(min, max) => format!("{min} to {max}"),
        Kind::Path => "path".to_owned(),
        Kind::Address => "address:port".to_owned(),
        Kind::Redis => "`private` or URL".to_owned(),
        Kind::NodeUrl => "`http://` address".to_owned(),
        Kind::CollectorUrl => "`http://` or `https://` address".to_owned(),
        Kind::Share => "0 to 1".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documentation_of_the_configuration_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        expect_test::expect_file![path].assert_eq(&super::document());
    }
}
