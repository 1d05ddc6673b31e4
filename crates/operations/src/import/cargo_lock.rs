//! Cargo's lock file, versions 1 to 4.
//!
//! Each `[[package]]` becomes a node of kind `workspace`, `registry` or `git`, each entry of its
//! `dependencies` an edge. A dependency is written as `name`, `name version` or
//! `name version (source)`, as much as is needed to tell it from others.

use std::collections::{BTreeMap, HashMap};

use graphy_model::Limits;
use graphy_model::envelope::clip;
use serde::Deserialize;
use toml::Spanned;

use super::draft::{Draft, Package};
use super::{ImportError, ImportPlan};

/// The newest version of the file that is understood.
const VERSION_MAX: u64 = 4;

#[derive(Deserialize)]
struct LockFile {
    version: Option<Spanned<u64>>,
    #[serde(default)]
    package: Vec<LockedPackage>,
    /// In version 1, `checksum <package>` → checksum.
    #[serde(default)]
    metadata: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: Spanned<String>,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
}

/// Reads a lock file.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<ImportPlan, ImportError> {
    let file: LockFile = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ImportError::at_byte(text, offset, clip(error.message()))
    })?;
    if let Some(version) = file
        .version
        .filter(|version| *version.get_ref() > VERSION_MAX)
    {
        let message = format!(
            "this is a lock file of version {}, versions up to {VERSION_MAX} are understood",
            version.get_ref()
        );
        return Err(ImportError::at_byte(text, version.span().start, message));
    }
    if file.package.is_empty() {
        return Err(ImportError::Empty {
            what: "[[package]]",
        });
    }
    let mut draft = Draft::new(limits);
    for package in &file.package {
        let at = package.name.span().start;
        let locate = |message| ImportError::at_byte(text, at, message);
        draft
            .add_package(node_of(package, &file.metadata))
            .map_err(|e| e.located(locate))?;
    }
    let index = Index::new(text, &file.package)?;
    for (from, package) in file.package.iter().enumerate() {
        for dependency in &package.dependencies {
            let locate =
                |message: String| ImportError::at_byte(text, dependency.span().start, message);
            let to = index.find(dependency.get_ref()).map_err(|reason| {
                let name = clip(package.name.get_ref());
                locate(format!(
                    "{name} depends on {:?}, {reason}",
                    clip(dependency.get_ref())
                ))
            })?;
            draft
                .add_dependency(from, to, "dependency")
                .map_err(|e| e.located(locate))?;
        }
    }
    let name = graph_name(&file.package, &draft.dependents());
    Ok(draft.finish(&name))
}

/// The one workspace package that nothing depends on gives the name, if there is one.
fn graph_name(packages: &[LockedPackage], dependents: &[bool]) -> String {
    let mut roots = packages
        .iter()
        .zip(dependents)
        .filter(|(package, dependents)| package.source.is_none() && !**dependents)
        .map(|(package, _)| package.name.get_ref());
    match (roots.next(), roots.next()) {
        (Some(root), None) => root.clone(),
        _ => "Cargo.lock".to_owned(),
    }
}

fn node_of(package: &LockedPackage, metadata: &BTreeMap<String, toml::Value>) -> Package {
    let (name, version) = (package.name.get_ref(), &package.version);
    let (kind, title) = match package.source.as_deref() {
        None => ("workspace", name.clone()),
        Some(source) if source.starts_with("git+") => ("git", format!("{name} {version}")),
        Some(_) => ("registry", format!("{name} {version}")),
    };
    let checksum = package.checksum.clone().or_else(|| {
        let source = package.source.as_deref()?;
        let key = format!("checksum {name} {version} ({source})");
        let checksum = metadata.get(&key)?.as_str()?;
        (checksum != "<none>").then(|| checksum.to_owned())
    });
    Package {
        id: format!("{name}:{version}"),
        kind,
        title,
        data: vec![
            ("version", Some(version.clone())),
            ("source", package.source.clone()),
            ("checksum", checksum),
        ],
    }
}

/// Finds packages by what a dependency says of them.
struct Index<'a> {
    packages: &'a [LockedPackage],
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(text: &str, packages: &'a [LockedPackage]) -> Result<Self, ImportError> {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, package) in packages.iter().enumerate() {
            let same_name = by_name.entry(package.name.get_ref().as_str()).or_default();
            let twin = same_name
                .iter()
                .map(|other| &packages[*other])
                .find(|other| other.version == package.version && other.source == package.source);
            if twin.is_some() {
                let (name, version) = (clip(package.name.get_ref()), clip(&package.version));
                let message = format!("the package {name} {version} is there twice");
                return Err(ImportError::at_byte(
                    text,
                    package.name.span().start,
                    message,
                ));
            }
            same_name.push(at);
        }
        Ok(Self { packages, by_name })
    }

    fn find(&self, dependency: &str) -> Result<usize, &'static str> {
        let mut words = dependency.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let version = words.next();
        let source = words
            .next()
            .map(|word| word.trim_start_matches('(').trim_end_matches(')'));
        let candidates = self
            .by_name
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut fitting = candidates.iter().copied().filter(|at| {
            let package = &self.packages[*at];
            version.is_none_or(|version| package.version == version)
                && source.is_none_or(|source| same_source(package.source.as_deref(), source))
        });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err("which fits several packages of the file"),
            (None, _) => Err("which is not in the file"),
        }
    }
}

/// A git source may leave out the commit that it is locked to.
fn same_source(locked: Option<&str>, asked: &str) -> bool {
    let Some(locked) = locked else { return false };
    locked == asked
        || locked
            .split_once('#')
            .is_some_and(|(place, _)| place == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn plan(text: &str) -> ImportPlan {
        parse(text, &Limits::default()).unwrap()
    }

    fn fault(text: &str) -> String {
        parse(text, &Limits::default()).unwrap_err().to_string()
    }

    fn ends(plan: &ImportPlan) -> Vec<String> {
        plan.edges
            .iter()
            .map(|edge| format!("{} {}", edge.source, edge.target))
            .collect()
    }

    #[test]
    fn dependencies_are_found_by_name_version_and_source() {
        let text = format!(
            r#"
version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["a", "b 1.0.0", "b 2.0.0 ({REGISTRY})", "b 2.0.0 (git+https://x.org/b?branch=m)"]
[[package]]
name = "a"
version = "1.0.0"
source = "{REGISTRY}"
checksum = "aa"
dependencies = ["b 1.0.0"]
[[package]]
name = "b"
version = "1.0.0"
source = "{REGISTRY}"
[[package]]
name = "b"
version = "2.0.0"
source = "{REGISTRY}"
[[package]]
name = "b"
version = "2.0.0"
source = "git+https://x.org/b?branch=m#0123abcd"
"#
        );
        let plan = plan(&text);
        assert_eq!(plan.name, "app");
        let kinds: Vec<&str> = plan.nodes.iter().map(|node| node.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["workspace", "registry", "registry", "registry", "git"]
        );
        assert_eq!(
            ends(&plan),
            [
                "app:0.1.0 a:1.0.0",
                "app:0.1.0 b:1.0.0",
                "app:0.1.0 b:2.0.0",
                "app:0.1.0 b:2.0.0:2",
                "a:1.0.0 b:1.0.0"
            ]
        );
        assert_eq!(plan.nodes[1].data["checksum"], "aa");
        assert_eq!(plan.nodes[1].title, "a 1.0.0");
        assert!(!plan.nodes[0].data.contains_key("source"));
    }

    #[test]
    fn version_one_keeps_its_checksums_apart() {
        let text = format!(
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\n\n[metadata]\n\
             \"checksum a 1.0.0 ({REGISTRY})\" = \"cc\"\n"
        );
        assert_eq!(plan(&text).nodes[0].data["checksum"], "cc");
    }

    #[test]
    fn our_own_lock_file_is_read_whole() {
        let text = include_str!("../../../../Cargo.lock");
        let plan = plan(text);
        assert_eq!(plan.nodes.len(), text.matches("[[package]]").count());
        assert!(
            plan.edges.len() > plan.nodes.len(),
            "{} edges",
            plan.edges.len()
        );
        let ours = plan
            .nodes
            .iter()
            .filter(|node| node.kind == "workspace")
            .count();
        assert!(ours >= 10, "{ours} workspace packages");
    }

    #[test]
    fn faults_are_named_by_line() {
        let package = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        assert_eq!(fault("version = 4\n"), "the file holds no [[package]]");
        assert!(fault("version = 5\n").starts_with("line 1: this is a lock file of version 5"));
        assert!(fault("[[package]]\nname = a\n").starts_with("line 2: "));
        assert!(fault("[[package]]\nname = \"a\"\n").contains("missing field `version`"));
        assert_eq!(
            fault(&format!("{0}{0}", package("a"))),
            "line 5: the package a 1.0.0 is there twice"
        );
        assert_eq!(
            fault(&format!("{}dependencies = [\n \"z\",\n]\n", package("a"))),
            "line 5: a depends on \"z\", which is not in the file"
        );
        let twins = package("b") + &package("b").replace("1.0.0", "2.0.0");
        assert_eq!(
            fault(&format!("{}dependencies = [\"b\"]\n{twins}", package("a"))),
            "line 4: a depends on \"b\", which fits several packages of the file"
        );
    }

    #[test]
    fn a_graph_holds_only_so_many_nodes() {
        let limits = Limits {
            nodes_max: 1,
            ..Limits::default()
        };
        let text = include_str!("../../../../Cargo.lock");
        let error = parse(text, &limits).unwrap_err();
        assert_eq!(
            error,
            ImportError::TooLarge {
                what: "nodes",
                count: 2,
                limit: 1
            }
        );
    }
}
