//! Who may depend on whom: the layers of the workspace and the owners of outside libraries.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// One crate of the workspace and what it names in its manifest.
#[derive(Default)]
pub(super) struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    only_for_tests: bool,
}

/// Each crate and the workspace crates that it may use, from the bottom up.
const LAYERS: &[(&str, &[&str])] = &[
    ("graphy-model", &[]),
    ("graphy-protocol", &["model"]),
    ("graphy-telemetry", &[]),
    ("graphy-store", &["model", "telemetry"]),
    ("graphy-engine", &["model", "store", "telemetry"]),
    ("graphy-live", &["model", "protocol", "store", "telemetry"]),
    ("graphy-client", &["model", "protocol", "telemetry"]),
    (
        "graphy-operations",
        &[
            "model",
            "protocol",
            "telemetry",
            "store",
            "engine",
            "live",
            "client",
        ],
    ),
    (
        "graphy-server",
        &[
            "model",
            "protocol",
            "telemetry",
            "store",
            "engine",
            "live",
            "client",
            "operations",
        ],
    ),
    (
        "graphy-cli",
        &[
            "model",
            "protocol",
            "telemetry",
            "store",
            "engine",
            "live",
            "client",
            "operations",
            "server",
        ],
    ),
    (
        "graphy-console",
        &[
            "model",
            "protocol",
            "telemetry",
            "operations",
            "client",
            "server",
        ],
    ),
];

/// Crates that only serve development and may use anything.
const FOR_DEVELOPMENT: [&str; 2] = ["graphy-testkit", "xtask"];

/// Outside libraries that belong to one crate: (how the name starts, owner).
const OWNED: &[(&str, &str)] = &[
    ("tauri", "graphy-console"),
    ("axum", "graphy-server"),
    ("redis", "graphy-store"),
    ("bullmq", "graphy-engine"),
];

/// The crates of the workspace out of what `cargo metadata` says.
pub(super) fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    packages
        .iter()
        .map(|package| {
            let name = package["name"]
                .as_str()
                .context("a package has no name")?
                .to_owned();
            let listed = package["dependencies"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let dependencies = listed
                .iter()
                .map(|dependency| Dependency {
                    name: dependency["name"].as_str().unwrap_or_default().to_owned(),
                    only_for_tests: dependency["kind"] == "dev",
                })
                .collect();
            Ok(Package { name, dependencies })
        })
        .collect()
}

/// Every dependency that the layers do not allow.
pub(super) fn violations(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .filter(|package| !FOR_DEVELOPMENT.contains(&package.name.as_str()))
        .flat_map(package_violations)
        .collect()
}

fn package_violations(package: &Package) -> Vec<String> {
    let name = &package.name;
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
        return vec![format!(
            "{name}: not in the table of layers (xtask/src/tidy/crates.rs)"
        )];
    };
    let mut violations = Vec::new();
    for dependency in &package.dependencies {
        let used = dependency.name.as_str();
        if let Some(short) = used.strip_prefix("graphy-") {
            // A crate names itself to turn on its own test features.
            let for_tests = dependency.only_for_tests && (short == "testkit" || used == name);
            if !allowed.contains(&short) && !for_tests {
                violations.push(format!("{name}: must not use {used}"));
            }
        } else if !dependency.only_for_tests
            && let Some((_, owner)) = OWNED.iter().find(|(prefix, _)| belongs(used, prefix))
            && owner != name
        {
            violations.push(format!("{name}: only {owner} may name {used}"));
        }
    }
    violations
}

/// Whether a library is the one of that name or a companion, as `tauri-build` is of `tauri`.
fn belongs(library: &str, prefix: &str) -> bool {
    library == prefix
        || library
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let listed: Vec<Value> = dependencies
            .iter()
            .map(|(name, kind)| json!({ "name": name, "kind": kind }))
            .collect();
        let metadata = json!({ "packages": [{ "name": name, "dependencies": listed }] });
        violations(&packages(&metadata).unwrap())
    }

    #[test]
    fn a_dependency_upwards_is_found() {
        let violations = found("graphy-model", &[("graphy-store", None), ("serde", None)]);
        assert_eq!(violations, ["graphy-model: must not use graphy-store"]);
    }

    #[test]
    fn a_dependency_upwards_for_tests_or_builds_is_found_too() {
        let violations = found("graphy-store", &[("graphy-server", Some("dev"))]);
        assert_eq!(violations, ["graphy-store: must not use graphy-server"]);
        let violations = found("graphy-store", &[("graphy-server", Some("build"))]);
        assert_eq!(violations, ["graphy-store: must not use graphy-server"]);
    }

    #[test]
    fn the_test_kit_is_for_tests_only() {
        assert!(found("graphy-engine", &[("graphy-testkit", Some("dev"))]).is_empty());
        assert!(found("graphy-engine", &[("graphy-engine", Some("dev"))]).is_empty());
        assert_eq!(found("graphy-engine", &[("graphy-testkit", None)]).len(), 1);
    }

    #[test]
    fn an_owned_library_is_found_elsewhere() {
        for library in ["tauri", "tauri-build", "axum", "redis", "bullmq-official"] {
            assert_eq!(
                found("graphy-live", &[(library, None)]).len(),
                1,
                "{library}"
            );
        }
        assert!(found("graphy-store", &[("redis", None)]).is_empty());
        assert!(found("graphy-live", &[("redistribute", None)]).is_empty());
    }

    #[test]
    fn an_unknown_crate_must_be_placed_first() {
        assert_eq!(found("graphy-surprise", &[]).len(), 1);
    }

    #[test]
    fn development_crates_may_use_anything() {
        assert!(
            found(
                "graphy-testkit",
                &[("redis", None), ("graphy-server", None)]
            )
            .is_empty()
        );
    }
}
