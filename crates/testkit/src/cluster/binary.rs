//! The `graphy` binary that belongs to the running test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

static BINARY: LazyLock<PathBuf> = LazyLock::new(find);

/// Returns the path of the binary, built from the sources as they are now.
///
/// `GRAPHY_BINARY` names another one. Otherwise it is the one beside the test; `cargo xtask test`
/// builds it before the tests, and whoever runs tests without that has it built here.
///
/// # Panics
/// When it cannot be built; the message holds the compiler's words.
pub(super) fn path() -> &'static Path {
    &BINARY
}

fn find() -> PathBuf {
    if let Some(path) = env::var_os("GRAPHY_BINARY") {
        let path = PathBuf::from(path);
        assert!(
            path.is_file(),
            "GRAPHY_BINARY is {}, which is no file",
            path.display()
        );
        return path;
    }
    let test = env::current_exe().expect("a running test has a path");
    let folder = test
        .ancestors()
        .find(|folder| folder.ends_with("debug") || folder.ends_with("release"))
        .expect("cargo puts tests below a profile's folder");
    let path = folder.join("graphy");
    if !is_fresh(&path) {
        build(folder.ends_with("release"));
    }
    assert!(path.is_file(), "cargo built no {}", path.display());
    path
}

/// Says whether no source is newer than the binary, by the list that cargo keeps beside it.
fn is_fresh(binary: &Path) -> bool {
    let changed = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(built) = changed(binary) else {
        return false;
    };
    let Ok(list) = std::fs::read_to_string(binary.with_extension("d")) else {
        return false;
    };
    let Some((_, sources)) = list.split_once(": ") else {
        return false;
    };
    let newer = |source: &str| changed(Path::new(source)).is_none_or(|at: SystemTime| at > built);
    !sources.split_whitespace().any(newer)
}

fn build(release: bool) {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "graphy-cli"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    if release {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo can be run");
    assert!(
        output.status.success(),
        "the graphy binary cannot be built:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
