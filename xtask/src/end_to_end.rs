//! `cargo xtask e2e`: the browser flows on the real server, the desktop flows on the real window,
//! both without a display of one's own, and the attack on the API.

use anyhow::{Context as _, Result};

use crate::api;
use crate::console::{self, Profile};
use crate::report::{Report, Runner};
use crate::setup::{self, Purpose};
use crate::shell::{Shell, find_program};
use crate::ui;
use crate::workspace::Workspace;

/// Options of `cargo xtask e2e`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only one of the suites.
    suite: Option<Suite>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Suite {
    Browser,
    Desktop,
    Api,
}

/// Runs the flows and prints how each runner summed up.
pub(crate) fn end_to_end(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
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
    let mut report = Report::new("e2e");
    let wanted = |suite| arguments.suite.is_none_or(|only| only == suite);
    if wanted(Suite::Api) {
        api::attack(workspace, &mut report);
    }
    if wanted(Suite::Browser) {
        browser(workspace, &mut report);
    }
    if wanted(Suite::Desktop) {
        desktop(workspace, &mut report);
    }
    report.close(&workspace.scratch())
}

/// The flows in Chromium against the headless server.
pub(crate) fn browser(workspace: &Workspace, report: &mut Report) {
    let mut graphy = None;
    report.step("headless server for the browser", || {
        ui::build(workspace)?;
        graphy = Some(console::build_headless(workspace, Profile::Development)?);
        Ok(())
    });
    let Some(graphy) = graphy else { return };
    let shell = Shell::new(
        &workspace.path("tests/browser"),
        &["npm", "test", "--silent"],
    )
    .env("GRAPHY_TEST_BINARY", graphy)
    .env("GRAPHY_TEST_ARTIFACTS", workspace.path("tests/artifacts"));
    report.runner("browser flows", Runner::Node, shell);
}

/// The flows in the console's own window, through WebDriver.
pub(crate) fn desktop(workspace: &Workspace, report: &mut Report) {
    let mut prepared = None;
    report.step("console and driver", || {
        setup::desktop_tools(workspace)?;
        let driver = find_program("tauri-driver").context("tauri-driver is not on PATH")?;
        let native = find_program("WebKitWebDriver").context("WebKitWebDriver is not on PATH")?;
        let binary = console::build(workspace, Profile::Development)?;
        // A second deployment, for the console to change over to.
        let headless = console::build_headless(workspace, Profile::Development)?;
        prepared = Some((driver, native, binary, headless));
        Ok(())
    });
    let Some((driver, native, binary, headless)) = prepared else {
        return;
    };
    // A display and a session bus of their own, which end with the flows.
    let words = [
        "dbus-run-session",
        "--",
        "xvfb-run",
        "--auto-servernum",
        "--server-args=-screen 0 1600x1000x24",
        "node",
        "--test",
        "--test-concurrency=1",
        "--test-reporter=spec",
        "tests/desktop/console.test.mjs",
        "tests/desktop/restart.test.mjs",
        "tests/desktop/profiles.test.mjs",
        "tests/desktop/alerts.test.mjs",
    ];
    let shell = Shell::new(workspace.root(), &words)
        .env_remove("WAYLAND_DISPLAY")
        .env("NO_AT_BRIDGE", "1")
        .env("GRAPHY_TEST_CONSOLE", binary)
        .env("GRAPHY_TEST_BINARY", headless)
        .env("TAURI_DRIVER", driver)
        .env("WEBKIT_DRIVER", native)
        .env("GRAPHY_TEST_ARTIFACTS", workspace.path("tests/artifacts"));
    report.runner("desktop flows", Runner::Node, shell);
}
