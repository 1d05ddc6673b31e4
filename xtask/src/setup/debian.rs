//! Debian packages: found out with `dpkg-query`, installed with `apt-get`.
//!
//! Without the rights to install, the exact line to type is the error message.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail};

use crate::shell::{Shell, find_program};
use crate::workspace::Workspace;

/// What packages are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run the headless server.
    Server,
    /// To build and open the console window.
    Console,
    /// To run the example clients.
    Examples,
    /// To run the tests that look at pages.
    Browser,
    /// To run all tests.
    Tests,
}

struct Package {
    purpose: Purpose,
    name: &'static str,
    /// A program that makes the package unnecessary when it is on PATH.
    program: Option<&'static str>,
}

const fn package(purpose: Purpose, name: &'static str, program: Option<&'static str>) -> Package {
    Package {
        purpose,
        name,
        program,
    }
}

const PACKAGES: &[Package] = &[
    package(Purpose::Server, "redis-server", Some("redis-server")),
    package(Purpose::Server, "redis-tools", Some("redis-cli")),
    package(Purpose::Server, "fonts-dejavu-core", None),
    package(Purpose::Console, "build-essential", Some("cc")),
    package(Purpose::Console, "pkg-config", Some("pkg-config")),
    package(Purpose::Console, "libwebkit2gtk-4.1-dev", None),
    package(Purpose::Console, "librsvg2-dev", None),
    package(Purpose::Tests, "webkit2gtk-driver", Some("WebKitWebDriver")),
    package(Purpose::Tests, "xvfb", Some("xvfb-run")),
    package(Purpose::Tests, "xauth", Some("xauth")),
    package(Purpose::Tests, "dbus-x11", None),
    package(Purpose::Browser, "chromium", Some("chromium")),
    package(Purpose::Tests, "imagemagick", Some("import")),
    package(Purpose::Examples, "curl", Some("curl")),
    package(Purpose::Examples, "jq", Some("jq")),
    package(Purpose::Examples, "python3-venv", None),
    package(Purpose::Examples, "python3-pip", Some("pip3")),
];

/// Installs what the purposes need and the system lacks.
pub(super) fn install_missing(workspace: &Workspace, purposes: &[Purpose]) -> Result<()> {
    let missing = missing_packages(purposes, &installed(workspace), |program| {
        find_program(program).is_some()
    });
    if missing.is_empty() {
        return Ok(());
    }
    println!("==> system packages: installing {}", missing.join(" "));
    let Some(apt) = find_program("apt-get") else {
        bail!(
            "this is no Debian system; please install what corresponds to: {}",
            missing.join(" ")
        );
    };
    let apt = apt.to_string_lossy().into_owned();
    let mut install = vec![apt.as_str(), "install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let by_hand = format!("sudo apt-get update && sudo {}", install.join(" "));
    match Rights::of_this_user(workspace) {
        Rights::Root => apt_get(workspace, &[], &apt, &install),
        Rights::Sudo => apt_get(workspace, &["sudo"], &apt, &install),
        Rights::None => bail!("system packages are missing; please run:\n  {by_hand}"),
    }
    .with_context(|| format!("could not install system packages; by hand:\n  {by_hand}"))
}

fn apt_get(workspace: &Workspace, prefix: &[&str], apt: &str, install: &[&str]) -> Result<()> {
    let update = [prefix, &[apt, "update", "--quiet=2"]].concat();
    let install = [prefix, install].concat();
    for words in [update, install] {
        Shell::new(workspace.root(), &words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .interactive()
            .run()?;
    }
    Ok(())
}

enum Rights {
    Root,
    Sudo,
    None,
}

impl Rights {
    fn of_this_user(workspace: &Workspace) -> Self {
        let user = Shell::new(workspace.root(), &["id", "-u"])
            .read()
            .unwrap_or_default();
        let asks_nobody = std::env::var_os("CI").is_some();
        match (user.trim(), find_program("sudo")) {
            ("0", _) => Self::Root,
            (_, Some(_)) if !asks_nobody => Self::Sudo,
            _ => Self::None,
        }
    }
}

fn missing_packages(
    purposes: &[Purpose],
    installed: &HashSet<String>,
    on_path: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    PACKAGES
        .iter()
        .filter(|package| purposes.contains(&package.purpose))
        .filter(|package| !installed.contains(package.name))
        .filter(|package| !package.program.is_some_and(&on_path))
        .map(|package| package.name)
        .collect()
}

fn installed(workspace: &Workspace) -> HashSet<String> {
    let mut words = vec![
        "dpkg-query",
        "--show",
        "--showformat=${Package} ${db:Status-Status}\\n",
    ];
    words.push("*");
    let listing = Shell::new(workspace.root(), &words)
        .read()
        .unwrap_or_default();
    installed_in(&listing)
}

fn installed_in(listing: &str) -> HashSet<String> {
    listing
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .map(String::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_packages_do_not_count_as_installed() {
        let found = installed_in("xvfb installed\nchromium config-files\nxauth not-installed\n");
        assert_eq!(found, HashSet::from(["xvfb".to_owned()]));
    }

    #[test]
    fn a_program_on_the_path_stands_for_its_package() {
        let none = HashSet::new();
        let missing = missing_packages(&[Purpose::Server], &none, |name| name == "redis-server");
        assert_eq!(missing, ["redis-tools", "fonts-dejavu-core"]);
    }

    #[test]
    fn the_server_alone_needs_no_desktop_library() {
        let missing = missing_packages(&[Purpose::Server], &HashSet::new(), |_| false);
        assert!(
            missing.iter().all(|name| !name.contains("webkit")),
            "{missing:?}"
        );
    }
}
