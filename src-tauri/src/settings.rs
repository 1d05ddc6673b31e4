//! How the console was started: its few flags over the configuration that every node shares.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;
use graphy_operations::settings::{self as node, Layers, SettingsError, Source, find_file};

/// The console's command line. Everything else is configured as for `graphy serve`.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "graphy-console", version, about = "The Graphy console")]
pub(crate) struct Arguments {
    /// Keep all data here instead of in the user's own data folder.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    /// Read this configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Open one more window in the console that is already running.
    #[arg(long)]
    pub(crate) new_window: bool,
}

/// The console's configuration.
pub(crate) struct Settings {
    /// That of the node inside.
    pub(crate) node: node::Settings,
    /// Whether data lies where somebody said, and not in the user's own place.
    data_dir_was_named: bool,
}

impl Settings {
    /// Reads the configuration: defaults, file, environment, flags.
    ///
    /// # Errors
    /// All that is wrong with it, at once.
    pub(crate) fn read(
        arguments: &Arguments,
        working_dir: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        // What is not text is none of our variables.
        let environment: Vec<(String, String)> = environment
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let file = find_file(arguments.config.as_deref(), working_dir, &environment)?;
        let data_dir = arguments
            .data_dir
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned());
        let flags = vec![("data_dir", data_dir)];
        let resolved = Layers {
            file,
            environment,
            flags,
        }
        .resolve()?;
        let node = node::Settings::from_resolved(&resolved)?;
        let data_dir_was_named = resolved.get("data_dir").source != Source::Default;
        Ok(Self {
            node,
            data_dir_was_named,
        })
    }

    /// A folder for what the windows remember, if it is not to be the user's own.
    pub(crate) fn window_data(&self) -> Option<PathBuf> {
        self.data_dir_was_named
            .then(|| self.node.data_dir.join("window"))
    }

    /// A folder for the profiles, if it is not to be the user's own.
    pub(crate) fn config_dir(&self) -> Option<PathBuf> {
        self.data_dir_was_named
            .then(|| self.node.data_dir.join("config"))
    }

    /// The name under which the one console of a data folder is known on the session bus.
    pub(crate) fn instance_name(&self, identifier: &str) -> String {
        if !self.data_dir_was_named {
            return identifier.to_owned();
        }
        let folder = self.node.data_dir.as_os_str().as_encoded_bytes();
        let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, folder);
        format!("{identifier}.d{}", name.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let arguments =
            Arguments::try_parse_from([&["graphy-console"], arguments].concat()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let home = [("HOME", "/home/a")];
        let environment = home
            .iter()
            .chain(environment)
            .map(|(name, value)| (name.into(), value.into()));
        Settings::read(&arguments, folder.path(), environment)
    }

    #[test]
    fn data_lies_in_the_users_folder_unless_somebody_says_otherwise() {
        let settings = read(&[], &[]).unwrap();
        assert_eq!(
            settings.node.data_dir,
            Path::new("/home/a/.local/share/graphy")
        );
        assert_eq!(settings.window_data(), None);

        let settings = read(&[], &[("XDG_DATA_HOME", "/data")]).unwrap();
        assert_eq!(settings.node.data_dir, Path::new("/data/graphy"));

        let settings = read(&["--data-dir", "/tmp/x"], &[("GRAPHY_DATA_DIR", "/tmp/y")]).unwrap();
        assert_eq!(settings.node.data_dir, Path::new("/tmp/x"));
        assert_eq!(settings.window_data(), Some(PathBuf::from("/tmp/x/window")));
    }

    #[test]
    fn the_port_is_a_free_one_unless_it_was_named() {
        let settings = read(&[], &[]).unwrap();
        assert_eq!(settings.node.listen.to_string(), "127.0.0.1:0");
        let settings = read(&[], &[("GRAPHY_LISTEN", "127.0.0.1:7777")]).unwrap();
        assert_eq!(settings.node.listen.to_string(), "127.0.0.1:7777");
    }

    #[test]
    fn each_named_data_folder_has_a_console_of_its_own() {
        let name = |arguments: &[&str]| {
            read(arguments, &[])
                .unwrap()
                .instance_name("dev.graphy.console")
        };
        assert_eq!(name(&[]), "dev.graphy.console");
        assert_ne!(
            name(&["--data-dir", "/tmp/1"]),
            name(&["--data-dir", "/tmp/2"])
        );
        assert_eq!(
            name(&["--data-dir", "/tmp/1"]),
            name(&["--data-dir", "/tmp/1"])
        );
    }

    #[test]
    fn a_misspelt_variable_is_an_error() {
        let error = read(&[], &[("GRAPHY_DATADIR", "/tmp/x")]).err().unwrap();
        assert!(error.to_string().contains("GRAPHY_DATADIR"), "{error}");
    }
}
