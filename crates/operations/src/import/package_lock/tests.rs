//! Lock files of npm as people have them, and broken ones.

use super::*;

fn plan(text: &str) -> ImportPlan {
    parse(text, &Limits::default()).unwrap()
}

fn fault(text: &str) -> String {
    parse(text, &Limits::default()).unwrap_err().to_string()
}

fn edges(plan: &ImportPlan) -> Vec<String> {
    plan.edges
        .iter()
        .map(|edge| {
            format!(
                "{} {} {}",
                edge.source,
                edge.target,
                edge.kind.as_deref().unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn nested_packages_are_found_as_node_does() {
    let plan = plan(
        r#"{"name": "web", "lockfileVersion": 3, "packages": {
            "": {"name": "web", "version": "1.0.0", "dependencies": {"a": "^1", "@s/c": "^3"},
                 "devDependencies": {"b": "^2"}, "optionalDependencies": {"gone": "*"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "^1"}},
            "node_modules/a/node_modules/b": {"version": "1.9.0", "dependencies": {"@s/c": "*"}},
            "node_modules/b": {"version": "2.0.0", "resolved": "git+ssh://git@x.org/b.git#abc"},
            "node_modules/@s/c": {"version": "3.0.0", "peerDependencies": {"b": "*"},
                 "integrity": "sha512-x"}
        }}"#,
    );
    assert_eq!(plan.name, "web");
    assert_eq!(
        edges(&plan),
        [
            "web:1.0.0 s-c:3.0.0 dependency",
            "web:1.0.0 a:1.0.0 dependency",
            "web:1.0.0 b:2.0.0 dev",
            "s-c:3.0.0 b:2.0.0 peer",
            "a:1.0.0 b:1.9.0 dependency",
            "b:1.9.0 s-c:3.0.0 dependency",
        ]
    );
    let kinds: Vec<_> = plan
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), &*node.kind))
        .collect();
    assert!(kinds.contains(&("web:1.0.0", "workspace")), "{kinds:?}");
    assert!(kinds.contains(&("b:2.0.0", "git")), "{kinds:?}");
    let scoped = plan
        .nodes
        .iter()
        .find(|node| node.title == "@s/c 3.0.0")
        .unwrap();
    assert_eq!(scoped.data["checksum"], "sha512-x");
}

#[test]
fn a_link_stands_for_the_workspace_that_it_leads_to() {
    let plan = plan(
        r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "all", "workspaces": ["packages/*"], "dependencies": {"one": "*"}},
            "node_modules/one": {"resolved": "packages/one", "link": true},
            "packages/one": {"version": "0.1.0", "dependencies": {"x": "1"}},
            "node_modules/x": {"version": "1.0.0"}
        }}"#,
    );
    assert_eq!(
        edges(&plan),
        ["all one:0.1.0 dependency", "one:0.1.0 x:1.0.0 dependency"]
    );
}

#[test]
fn version_one_is_a_tree_and_its_root_is_inferred() {
    let plan = plan(
        r#"{"name": "old", "version": "1.2.3", "lockfileVersion": 1, "requires": true,
        "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "^1"},
                  "dependencies": {"b": {"version": "1.5.0"}}},
            "b": {"version": "2.0.0", "requires": true},
            "c": {"version": "3.0.0", "requires": {"b": "^2"}}
        }}"#,
    );
    assert_eq!(
        edges(&plan),
        [
            "a:1.0.0 b:1.5.0 dependency",
            "c:3.0.0 b:2.0.0 dependency",
            "old:1.2.3 a:1.0.0 dependency",
            "old:1.2.3 c:3.0.0 dependency",
        ]
    );
}

#[test]
fn version_two_is_read_from_its_packages() {
    let plan = plan(
        r#"{"name": "w", "lockfileVersion": 2,
        "packages": {"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0"}},
        "dependencies": {"a": {"version": "1.0.0"}}}"#,
    );
    assert_eq!(edges(&plan), ["w a:1.0.0 dependency"]);
}

#[test]
fn faults_are_named_by_path_or_line() {
    assert_eq!(
        fault(r#"{"lockfileVersion": 9, "packages": {}}"#),
        "lockfileVersion: this is version 9, versions up to 3 are understood"
    );
    assert_eq!(
        fault(r#"{"lockfileVersion": 3, "packages": {}}"#),
        "the file holds no packages"
    );
    assert_eq!(fault("{}"), "the file holds no packages");
    assert_eq!(
        fault(r#"{"packages": {"": {"dependencies": {"a": "1"}}}}"#),
        r#"packages[""].dependencies["a"]: no such package is in the file"#
    );
    assert_eq!(
        fault(r#"{"packages": {"node_modules/a": {"link": true, "resolved": "x"}}}"#),
        r#"packages["node_modules/a"]: the link to "x" leads nowhere"#
    );
    let wrong_type = fault("{\"packages\": {\n\"node_modules/a\": {\"version\": 1}}}");
    assert!(
        wrong_type.starts_with("packages.node_modules/a.version (line 2): "),
        "{wrong_type}"
    );
    assert!(fault("{\"packages\":\n{\"a\" 1}}").starts_with("line 2: expected `:`"));
    assert!(fault("{} {}").starts_with("line 1: trailing characters"));
    assert!(fault(&"[".repeat(10_000)).starts_with("line 1: "));
}
