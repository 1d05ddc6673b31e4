//! Where a bench runs and when, and where its results go.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the root of the repository.
pub(in crate::bench) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the day, UTC.
pub(in crate::bench) fn today() -> String {
    output("date", &["-u", "+%F"]).unwrap_or_else(|| "unknown".to_owned())
}

/// Returns what a program prints; none if it cannot be run.
pub(in crate::bench) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}

/// Describes the machine.
pub(in crate::bench) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|rest| rest.trim_matches([' ', '\t', ':', '=', '"']).to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = after(&read("/proc/cpuinfo"), "model name").unwrap_or_default();
    let memory = after(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0);
    let system = after(&read("/etc/os-release"), "PRETTY_NAME").unwrap_or_default();
    format!(
        "{cores} virtual cores ({model}), {} GiB, {system}",
        (memory + 512 * 1024) / (1024 * 1024)
    )
}
