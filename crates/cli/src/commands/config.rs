//! `graphy config`: every setting, its value and where that comes from.

use clap::{Args, Subcommand};
use graphy_operations::settings::{Explained, explain};

use crate::arguments::Global;
use crate::configuration;
use crate::exit::Failure;
use crate::output::Output;

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Explain every setting: value, origin, names and meaning
    Explain {
        /// Only settings whose names begin with this
        #[arg(value_name = "SETTING")]
        setting: Option<String>,
    },
    /// Print the settings as a configuration file; secrets are left out
    Show,
}

pub(crate) fn run(
    global: &Global,
    arguments: &ConfigArguments,
    output: Output,
) -> Result<(), Failure> {
    let configuration = configuration::read(global, Vec::new())?;
    let mut explained = explain(&configuration.resolved);
    match &arguments.action {
        Action::Show => output.result(&explained, |explained| file(explained)),
        Action::Explain { setting } => {
            if let Some(prefix) = setting {
                explained.retain(|one| one.key.starts_with(prefix.as_str()));
                if explained.is_empty() {
                    let message = format!(
                        "no setting begins with {prefix:?}; `graphy config explain` lists all"
                    );
                    return Err(Failure::Usage(message));
                }
            }
            let read = match &configuration.file {
                Some(path) => format!("file: {}", path.display()),
                None => "file: none".to_owned(),
            };
            output.note(&read);
            output.result(&explained, |explained| {
                explained.iter().map(entry).collect::<Vec<_>>().join("\n\n")
            })
        }
    }
}

fn entry(one: &Explained) -> String {
    let value = one.value.as_deref().unwrap_or("not set");
    let mut names: Vec<String> = one.flag.map(str::to_owned).into_iter().collect();
    names.extend(one.variables.iter().map(|name| (*name).to_owned()));
    let mut text = format!("{} = {value}\n    from {}", one.key, one.source);
    if !one.hidden.is_empty() {
        text.push_str(&format!(", which goes before {}", one.hidden.join(" and ")));
    }
    text.push_str(&format!("\n    {}", one.help));
    text.push_str(&format!(
        "\n    set by {}; default: {}",
        names.join(", "),
        one.default
    ));
    text
}

/// Writes the settings as TOML, tables last.
fn file(explained: &[Explained]) -> String {
    let mut root = toml::Table::new();
    let named_host = explained
        .iter()
        .any(|one| one.key == "redis.host" && one.value.is_some());
    for one in explained {
        // In one file the URL goes before the host, so a URL that lost must not be there.
        if named_host && one.key == "redis.url" && one.is_default {
            continue;
        }
        let Some(value) = one.value.as_ref().filter(|value| !value.contains("***")) else {
            continue;
        };
        let value = match value.parse::<i64>() {
            Ok(number) => toml::Value::Integer(number),
            Err(_) => toml::Value::String(value.clone()),
        };
        match one.key.split_once('.') {
            None => drop(root.insert(one.key.to_owned(), value)),
            Some((table, key)) => {
                let table = root
                    .entry(table)
                    .or_insert_with(|| toml::Value::Table(toml::Table::new()));
                if let toml::Value::Table(table) = table {
                    table.insert(key.to_owned(), value);
                }
            }
        }
    }
    root.to_string()
}
