//! Where a bench runs and when, and with which versions of others' programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

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

/// Returns the version of Redis.
pub(in crate::bench) fn redis_version() -> String {
    let text = output("redis-server", &["--version"]).unwrap_or_default();
    let mut words = text.split_whitespace();
    let version = words.find_map(|word| word.strip_prefix("v="));
    version.unwrap_or("?").to_owned()
}

/// Returns the version of an npm package that the peers are run with.
pub(in crate::bench) fn package_version(package: &str) -> anyhow::Result<String> {
    let path = root().join("bench/peers/package-lock.json");
    let text = std::fs::read_to_string(&path).context("bench/peers/package-lock.json")?;
    let lock: serde_json::Value = serde_json::from_str(&text)?;
    let version = lock["packages"][format!("node_modules/{package}")]["version"].as_str();
    Ok(version.unwrap_or("?").to_owned())
}
