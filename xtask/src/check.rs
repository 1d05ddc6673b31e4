//! `cargo xtask check`: everything that can be judged without running the product.
//!
//! Needs no display. Vulnerability advisories are not part of it: their database changes under an
//! unchanged tree, so they belong to a scheduled job.

use anyhow::Result;

use crate::report::Report;
use crate::setup::{self, Purpose};
use crate::shell::Shell;
use crate::workspace::Workspace;
use crate::{generate, tidy};

/// Runs all checks and lists those that failed.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    setup::prepare(workspace, &[Purpose::Server, Purpose::Console])?;
    setup::check_tools(workspace)?;
    let root = workspace.root();
    let ui = workspace.path("ui");
    let mut report = Report::new("check");
    report.step("format", || {
        Shell::cargo(root, &["fmt", "--all", "--check"]).run()
    });
    report.step("house rules", || tidy::tidy(workspace));
    report.step("interface: lints and format", || {
        Shell::new(&ui, &["npx", "--no-install", "biome", "ci", "."]).run()
    });
    report.step("interface: types", || {
        Shell::new(&ui, &["npm", "run", "--silent", "typecheck"]).run()
    });
    report.step("licences, bans, sources", || {
        Shell::cargo(
            root,
            &[
                "deny",
                "--log-level",
                "error",
                "check",
                "licenses",
                "bans",
                "sources",
            ],
        )
        .run()
    });
    report.step("lints", || {
        let words = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            "--",
            "--deny",
            "warnings",
        ];
        Shell::cargo(root, &words).run()
    });
    report.step("generated files", || generate::check(workspace));
    report.close(&workspace.scratch())
}
