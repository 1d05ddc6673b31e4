//! Version 1 of npm's lock file: packages nested as they are installed.
//!
//! The file does not say what the root asks for. But every package in it is there because some
//! package requires it, so the ones that no other package requires are the root's own.

use std::collections::BTreeMap;

use graphy_model::Limits;
use serde::Deserialize;
use serde_json::Value;

use super::super::{ImportError, ImportPlan};
use super::{Locked, LockedPackage};

#[derive(Deserialize)]
pub(super) struct NestedPackage {
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    optional: bool,
    /// Name → wanted version; some versions of npm wrote `true` or `false` instead.
    #[serde(default)]
    requires: Value,
    #[serde(default)]
    dependencies: BTreeMap<String, NestedPackage>,
}

/// Makes a plan of the nested packages.
pub(super) fn parse(
    nested: BTreeMap<String, NestedPackage>,
    name: &str,
    version: Option<String>,
    limits: &Limits,
) -> Result<ImportPlan, ImportError> {
    if nested.is_empty() {
        return Err(ImportError::Empty { what: "packages" });
    }
    let mut packages = BTreeMap::new();
    let root = LockedPackage {
        name: Some(name.to_owned()),
        version,
        ..LockedPackage::default()
    };
    packages.insert(String::new(), root);
    flatten("", nested, &mut packages);
    let locked = Locked {
        packages,
        section: "dependencies",
    };
    let (mut draft, places) = locked.into_draft(name, limits)?;
    let root = places[""];
    for (index, has_dependents) in draft.dependents().into_iter().enumerate() {
        if index != root && !has_dependents {
            draft
                .add_dependency(root, index, "dependency")
                .map_err(|e| e.located(|message| ImportError::at_path("dependencies", message)))?;
        }
    }
    Ok(draft.finish(name))
}

/// The decoder bounds how deep packages are nested, so this may call itself.
fn flatten(
    folder: &str,
    nested: BTreeMap<String, NestedPackage>,
    packages: &mut BTreeMap<String, LockedPackage>,
) {
    for (name, package) in nested {
        let place = if folder.is_empty() {
            format!("node_modules/{name}")
        } else {
            format!("{folder}/node_modules/{name}")
        };
        let names = package.requires.as_object().into_iter().flatten();
        let requires: BTreeMap<String, String> = names
            .map(|(name, wanted)| (name.clone(), wanted.to_string()))
            .collect();
        // An optional package's own needs are missing where it could not be installed.
        let (dependencies, optional_dependencies) = if package.optional {
            (BTreeMap::new(), requires)
        } else {
            (requires, BTreeMap::new())
        };
        let locked = LockedPackage {
            version: package.version,
            resolved: package.resolved,
            integrity: package.integrity,
            dependencies,
            optional_dependencies,
            ..LockedPackage::default()
        };
        flatten(&place, package.dependencies, packages);
        packages.insert(place, locked);
    }
}
