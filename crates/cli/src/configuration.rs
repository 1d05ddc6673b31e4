//! From the command line and the environment to settings.

use anyhow::Context as _;
use graphy_operations::settings::{FlagValue, Layers, Resolved, Settings, find_file};

use crate::arguments::Global;
use crate::exit::Failure;

/// The configuration with the origin of each value.
pub(crate) struct Configuration {
    pub(crate) resolved: Resolved,
    pub(crate) settings: Settings,
    /// Which file was read, if one.
    pub(crate) file: Option<std::path::PathBuf>,
}

/// Lays the layers over each other; `flags` are those of the command itself.
pub(crate) fn read(global: &Global, flags: Vec<FlagValue>) -> Result<Configuration, Failure> {
    // What is not text is none of our variables.
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let here = std::env::current_dir().context("cannot find the working folder")?;
    let file = find_file(global.config.as_deref(), &here, &environment)?;
    let path = file.as_ref().map(|(path, _)| path.clone());
    let mut all = vec![
        ("url", global.url.clone()),
        ("token", global.token.clone()),
        (
            "data_dir",
            global
                .data_dir
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
        ),
        ("log.level", global.log_level.clone()),
    ];
    all.extend(flags);
    let resolved = Layers {
        file,
        environment,
        flags: all,
    }
    .resolve()?;
    let settings = Settings::from_resolved(&resolved)?;
    Ok(Configuration {
        resolved,
        settings,
        file: path,
    })
}
