//! `cargo xtask test`: every layer of tests, from pure rules to the real window.

use std::fs;

use anyhow::Result;

use crate::console::{self, Profile};
use crate::end_to_end;
use crate::report::{Report, Runner};
use crate::setup::{self, Purpose};
use crate::shell::Shell;
use crate::workspace::Workspace;
use crate::{api, generate, tidy};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also run the long tests that are marked as ignored.
    #[arg(long)]
    all: bool,
    /// Run only the Rust tests whose names contain one of these.
    filters: Vec<String>,
}

/// Runs all tests, or the filtered Rust tests, and prints how each runner summed up.
pub(crate) fn test(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let mut report = Report::new("test");
    if arguments.filters.is_empty() {
        setup::prepare(
            workspace,
            &[
                Purpose::Server,
                Purpose::Console,
                Purpose::Examples,
                Purpose::Browser,
                Purpose::Tests,
            ],
        )?;
        setup::test_tools(workspace)?;
        report.step("generated files", || generate::check(workspace));
        rust_tests(workspace, arguments, &mut report);
        documentation_tests(workspace, &mut report);
        interface_tests(workspace, &mut report);
        api::attack(workspace, &mut report);
        end_to_end::browser(workspace, &mut report);
        end_to_end::desktop(workspace, &mut report);
    } else {
        setup::prepare(
            workspace,
            &[Purpose::Server, Purpose::Examples, Purpose::Browser],
        )?;
        setup::test_tools(workspace)?;
        rust_tests(workspace, arguments, &mut report);
    }
    report.close(&workspace.scratch())
}

fn rust_tests(workspace: &Workspace, arguments: &Arguments, report: &mut Report) {
    let root = workspace.root();
    // Tests start servers as separate processes.
    report.step("headless server", || {
        console::build_headless(workspace, Profile::Development).map(drop)
    });
    let mut words = vec![
        "nextest",
        "run",
        "--workspace",
        "--exclude",
        "graphy-console",
    ];
    words.extend(["--no-tests", "pass"]);
    if arguments.all {
        words.extend(["--run-ignored", "all"]);
    }
    words.extend(arguments.filters.iter().map(String::as_str));
    report.runner("Rust tests", Runner::Nextest, Shell::cargo(root, &words));
    if arguments.filters.is_empty() {
        let words = [
            "nextest",
            "run",
            "--package",
            "graphy-console",
            "--features",
            "graphy-console/custom-protocol",
        ];
        report.runner(
            "Rust tests of the console",
            Runner::Nextest,
            Shell::cargo(root, &words),
        );
    }
}

fn documentation_tests(workspace: &Workspace, report: &mut Report) {
    let packages = packages_with_examples(workspace).unwrap_or_default();
    if packages.is_empty() {
        return;
    }
    let mut words = vec!["test", "--doc"];
    for package in &packages {
        words.extend(["--package", package.as_str()]);
    }
    report.runner(
        "examples in documentation",
        Runner::CargoTest,
        Shell::cargo(workspace.root(), &words),
    );
}

fn interface_tests(workspace: &Workspace, report: &mut Report) {
    let words = ["npx", "--no-install", "vitest", "run"];
    report.runner(
        "interface tests",
        Runner::Vitest,
        Shell::new(&workspace.path("ui"), &words),
    );
}

/// Library crates with a compiled example; linking the tests of all the others takes minutes.
fn packages_with_examples(workspace: &Workspace) -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for file in tidy::sources(workspace)? {
        let Some(rest) = file.strip_prefix("crates/") else {
            continue;
        };
        let Some((name, _)) = rest.split_once("/src/") else {
            continue;
        };
        let package = format!("graphy-{name}");
        if !file.ends_with(".rs")
            || packages.contains(&package)
            || !workspace
                .path(&format!("crates/{name}/src/lib.rs"))
                .is_file()
        {
            continue;
        }
        if has_example(&fs::read_to_string(workspace.path(&file))?) {
            packages.push(package);
        }
    }
    Ok(packages)
}

fn has_example(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines() {
        let line = line.trim();
        let Some(text) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        else {
            inside = false;
            continue;
        };
        let Some(language) = text.trim().strip_prefix("```") else {
            continue;
        };
        if !inside && matches!(language, "" | "rust" | "no_run" | "should_panic") {
            return true;
        }
        inside = !inside;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_compiled_examples_count() {
        assert!(has_example("/// ```\n/// let a = 1;\n/// ```\nfn f() {}"));
        assert!(has_example("//! ```rust\n//! f();\n//! ```"));
        assert!(!has_example("/// ```text\n/// a -> b\n/// ```\nfn f() {}"));
        assert!(!has_example("fn f() { let text = \"```\"; }"));
    }
}
