//! The desktop console: windows, and a Graphy node inside the same process.
//!
//! A thin adapter. Each message of the interface becomes one call of `graphy-operations` or of
//! `graphy-client`; nothing is decided here. The headless binary does the same over HTTP.
//!
//! **Invariant:** closing the last window, a signal and a failed start all end through the same
//! door: the node says that it goes away, finishes its work, and stops its private Redis.

mod downloads;
mod settings;
mod window;

use std::process::ExitCode;

use clap::Parser as _;
use tauri::{AppHandle, RunEvent};
use tauri_plugin_window_state::StateFlags;

use crate::settings::Settings;

/// Runs the console until its last window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let settings = Settings::parse();
    match build(settings) {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report_failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn build(settings: Settings) -> tauri::Result<tauri::App> {
    let context = tauri::generate_context!();
    let single = tauri_plugin_single_instance::Builder::new()
        .dbus_id(settings.instance_name(&context.config().identifier))
        .callback(|app, arguments, _folder| second_start(app, &arguments))
        .build();
    // Not the visibility: windows are made hidden and shown once they have something to show.
    let window_state = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED)
        .build();
    tauri::Builder::default()
        .plugin(single)
        .plugin(window_state)
        .manage(settings)
        .setup(|app| {
            window::open(app.handle())?;
            tauri::async_runtime::spawn(quit_on_signal(app.handle().clone()));
            Ok(())
        })
        .build(context)
}

/// Somebody started the console although it runs.
fn second_start(app: &AppHandle, arguments: &[String]) {
    let wants_window =
        Settings::try_parse_from(arguments).is_ok_and(|settings| settings.new_window);
    if wants_window {
        if let Err(error) = window::open(app) {
            tracing::warn!(%error, "could not open a further window");
        }
    } else {
        window::bring_to_front(app);
    }
}

fn on_event(_: &AppHandle, _: RunEvent) {}

/// Turns the system's requests to end into an ordinary quit.
async fn quit_on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let streams = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut terminate), Ok(mut interrupt)) = streams else {
        tracing::warn!("signals cannot be listened to; quit by closing the window");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    app.exit(0);
}

#[allow(
    clippy::print_stderr,
    reason = "there is no window yet that could show it"
)]
fn report_failure(error: &tauri::Error) {
    eprintln!("graphy-console: could not start: {error}");
}
