//! How the console was started: flags and environment, and the folders that follow from them.

use std::path::{Path, PathBuf};

use clap::Parser;

/// The console's command line.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "graphy-console", version, about = "The Graphy console")]
pub(crate) struct Settings {
    /// Keep all data here instead of in the user's own data folder.
    #[arg(long, env = "GRAPHY_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    /// Open one more window in the console that is already running.
    #[arg(long)]
    pub(crate) new_window: bool,
}

impl Settings {
    /// Where the node keeps its data.
    pub(crate) fn data_dir(&self, user_data: &Path) -> PathBuf {
        self.data_dir
            .clone()
            .unwrap_or_else(|| user_data.join("graphy"))
    }

    /// Where the window keeps its data, if not in the user's own place.
    pub(crate) fn webview_data(&self) -> Option<PathBuf> {
        self.data_dir.as_ref().map(|folder| folder.join("window"))
    }

    /// The name under which one instance per data folder is known on the session bus.
    pub(crate) fn instance_name(&self, identifier: &str) -> String {
        match &self.data_dir {
            None => identifier.to_owned(),
            Some(folder) => {
                let name = uuid::Uuid::new_v5(
                    &uuid::Uuid::NAMESPACE_OID,
                    folder.as_os_str().as_encoded_bytes(),
                );
                format!("{identifier}.d{}", name.simple())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Settings {
        Settings::try_parse_from([&["graphy-console"], arguments].concat()).unwrap()
    }

    #[test]
    fn data_lies_in_the_users_folder_unless_a_flag_says_otherwise() {
        let settings = Settings::default();
        assert_eq!(
            settings
                .data_dir(Path::new("/home/a/.local/share"))
                .to_str(),
            Some("/home/a/.local/share/graphy")
        );
        assert_eq!(settings.webview_data(), None);

        let settings = parse(&["--data-dir", "/tmp/x"]);
        assert_eq!(
            settings.data_dir(Path::new("/home/a")).to_str(),
            Some("/tmp/x")
        );
        assert_eq!(
            settings.webview_data(),
            Some(PathBuf::from("/tmp/x/window"))
        );
    }

    #[test]
    fn each_data_folder_has_its_own_instance() {
        let name = |settings: &Settings| settings.instance_name("dev.graphy.console");
        let (one, two) = (
            parse(&["--data-dir", "/tmp/1"]),
            parse(&["--data-dir", "/tmp/2"]),
        );
        assert_eq!(name(&Settings::default()), "dev.graphy.console");
        assert_ne!(name(&one), name(&two));
        assert_eq!(name(&one), name(&one.clone()));
    }
}
