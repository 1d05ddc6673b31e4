//! The packages of the examples: what `cargo xtask setup` has installed, or what is installed here
//! when somebody runs the tests without it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::examples;

/// The Python that has the packages of the Python example.
pub(crate) static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let prepared = build_folder().join("xtask/python/examples/bin/python");
    if prepared.is_file() {
        return prepared;
    }
    alone("examples-python", |folder| {
        let environment = folder.join("environment");
        let python = environment.join("bin/python");
        let complete = folder.join("complete");
        if !complete.is_file() {
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment));
            run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--no-input"])
                .arg("--disable-pip-version-check")
                .arg("--requirement")
                .arg(examples().join("python/requirements.txt")));
            fs::write(complete, "").unwrap();
        }
        python
    })
});

/// The folder of the Node example, with its packages.
pub(crate) static NODE_FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = examples().join("node");
    alone("examples-node", |_| {
        if !folder.join("node_modules/ws/package.json").is_file() {
            run(Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&folder));
        }
    });
    folder
});

/// Does something that no other test process does at the same time, in a folder of its own.
fn alone<T>(name: &str, act: impl FnOnce(&Path) -> T) -> T {
    let folder = build_folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    // The lock ends with the file.
    act(&folder)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where cargo builds.
fn build_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test
        .ancestors()
        .find(|folder| folder.ends_with("debug") || folder.ends_with("release"))
        .expect("cargo puts tests below a profile's folder");
    profile.parent().unwrap().to_owned()
}
