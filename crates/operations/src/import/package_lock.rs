//! npm's lock file, versions 1 to 3.
//!
//! Versions 2 and 3 list packages by their place in the tree of folders, version 1 as nested
//! `dependencies`; both become one map from place to package. A dependency is looked up as Node
//! does: in `node_modules` beside the package, then in each folder above it.

mod tree;

use std::collections::{BTreeMap, HashMap};

use graphy_model::Limits;
use graphy_model::envelope::clip;
use serde::Deserialize;

use super::draft::{Draft, Package};
use super::error::decode_json;
use super::{ImportError, ImportPlan};

/// The newest version of the file that is understood.
const VERSION_MAX: u64 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    name: Option<String>,
    version: Option<String>,
    lockfile_version: Option<u64>,
    packages: Option<BTreeMap<String, LockedPackage>>,
    #[serde(default)]
    dependencies: BTreeMap<String, tree::NestedPackage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockedPackage {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
}

/// Reads a lock file.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<ImportPlan, ImportError> {
    let file: LockFile = decode_json(text)?;
    let version = file.lockfile_version.unwrap_or(1);
    if version > VERSION_MAX {
        let message =
            format!("this is version {version}, versions up to {VERSION_MAX} are understood");
        return Err(ImportError::at_path("lockfileVersion", message));
    }
    let name = file
        .name
        .clone()
        .unwrap_or_else(|| "package-lock.json".to_owned());
    match file.packages {
        Some(packages) => {
            let locked = Locked {
                packages,
                section: "packages",
            };
            Ok(locked.into_draft(&name, limits)?.0.finish(&name))
        }
        None => tree::parse(file.dependencies, &name, file.version, limits),
    }
}

/// All packages by their place; the empty place is the root.
struct Locked {
    packages: BTreeMap<String, LockedPackage>,
    /// What the file calls the list, for messages.
    section: &'static str,
}

type Places = HashMap<String, usize>;

impl Locked {
    /// Makes the draft of nodes and edges, and where each place's node is.
    fn into_draft<'a>(
        self,
        file_name: &str,
        limits: &'a Limits,
    ) -> Result<(Draft<'a>, Places), ImportError> {
        if self.packages.is_empty() {
            return Err(ImportError::Empty { what: "packages" });
        }
        let mut draft = Draft::new(limits);
        let mut places = Places::new();
        for (place, package) in self.packages.iter().filter(|(_, package)| !package.link) {
            let node = node_of(place, package, file_name);
            let index = draft.add_package(node).map_err(|error| {
                error.located(|message| ImportError::at_path(self.path(place), message))
            })?;
            places.insert(place.clone(), index);
        }
        for (place, package) in self.packages.iter().filter(|(_, package)| package.link) {
            let target = package.resolved.as_deref().unwrap_or_default();
            let Some(index) = places.get(target).copied() else {
                let message = format!("the link to {:?} leads nowhere", clip(target));
                return Err(ImportError::at_path(self.path(place), message));
            };
            places.insert(place.clone(), index);
        }
        for (place, package) in self.packages.iter().filter(|(_, package)| !package.link) {
            self.add_dependencies(&mut draft, &places, place, package)?;
        }
        Ok((draft, places))
    }

    fn add_dependencies(
        &self,
        draft: &mut Draft<'_>,
        places: &Places,
        place: &str,
        package: &LockedPackage,
    ) -> Result<(), ImportError> {
        // The first section that names a package gives its edge the kind. Only what is in
        // `dependencies` must be installed; of the others, some may rightly be missing.
        let sections = [
            ("dependencies", "dependency", &package.dependencies),
            (
                "optionalDependencies",
                "optional",
                &package.optional_dependencies,
            ),
            ("devDependencies", "dev", &package.dev_dependencies),
            ("peerDependencies", "peer", &package.peer_dependencies),
        ];
        let from = places[place];
        for (section, kind, names) in sections {
            for name in names.keys() {
                let to = resolve(places, place, name);
                let path = || format!("{}.{section}[{:?}]", self.path(place), clip(name));
                let Some(to) = to else {
                    let may_miss = section != "dependencies"
                        || package.optional_dependencies.contains_key(name);
                    if may_miss {
                        continue;
                    }
                    return Err(ImportError::at_path(
                        path(),
                        "no such package is in the file",
                    ));
                };
                draft
                    .add_dependency(from, to, kind)
                    .map_err(|e| e.located(|message| ImportError::at_path(path(), message)))?;
            }
        }
        Ok(())
    }

    fn path(&self, place: &str) -> String {
        format!("{}[{:?}]", self.section, clip(place))
    }
}

/// Finds the package that code at `place` gets when it asks for `name`.
fn resolve(places: &Places, place: &str, name: &str) -> Option<usize> {
    let mut folder = place;
    loop {
        // Node does not look for `node_modules/node_modules`.
        if !(folder == "node_modules" || folder.ends_with("/node_modules")) {
            let slash = if folder.is_empty() { "" } else { "/" };
            if let Some(found) = places.get(&format!("{folder}{slash}node_modules/{name}")) {
                return Some(*found);
            }
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

fn node_of(place: &str, package: &LockedPackage, file_name: &str) -> Package {
    let installed_as = place.rsplit_once("node_modules/").map_or_else(
        || place.rsplit('/').next().unwrap_or(place),
        |(_, name)| name,
    );
    let name = match (&package.name, installed_as) {
        (Some(name), _) => name.as_str(),
        (None, "") => file_name,
        (None, name) => name,
    };
    let is_workspace = !place.split('/').any(|folder| folder == "node_modules");
    let kind = match package.resolved.as_deref() {
        _ if is_workspace => "workspace",
        Some(resolved) if resolved.starts_with("git") => "git",
        _ => "registry",
    };
    let version = package.version.as_deref().unwrap_or_default();
    let title = if is_workspace {
        name.to_owned()
    } else {
        format!("{name} {version}")
    };
    Package {
        id: if version.is_empty() {
            name.to_owned()
        } else {
            format!("{name}:{version}")
        },
        kind,
        title: title.trim_end().to_owned(),
        data: vec![
            ("version", package.version.clone()),
            ("source", package.resolved.clone()),
            ("checksum", package.integrity.clone()),
            ("path", (!place.is_empty()).then(|| place.to_owned())),
        ],
    }
}

#[cfg(test)]
mod tests;
