//! The desktop console: windows, and a Graphy node inside the same process.
//!
//! A thin adapter. Each message of the interface becomes one call of `graphy-operations` or of
//! `graphy-client`; nothing is decided here. The headless binary does the same over HTTP.
//!
//! **Invariant:** closing the last window, a signal and a failed start all end through the same
//! door: the node says that it goes away, finishes its work, and stops its private Redis.

mod announcement;
mod desk;
mod downloads;
mod graph_stream;
mod ipc;
mod ipc_profiles;
mod live_stream;
mod node;
mod notices;
mod profiles;
mod read_only;
mod remote;
mod sessions;
mod settings;
mod window;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use graphy_operations::settings::LogStyle;
use graphy_telemetry::logging::{self, LogConfig, LogFiles, LogFormat, LogGuard};
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use crate::desk::Desk;
use crate::node::EmbeddedNode;
use crate::profiles::book::Book;
use crate::sessions::Sessions;
use crate::settings::{Arguments, Settings};

/// Runs the console until its last window is closed.
#[must_use]
pub fn run() -> ExitCode {
    match start(&Arguments::parse()) {
        Ok((app, _log)) => ExitCode::from(u8::try_from(app.run_return(on_event)).unwrap_or(1)),
        Err(error) => {
            report_failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &Arguments) -> anyhow::Result<(tauri::App, LogGuard)> {
    let working_dir = std::env::current_dir().unwrap_or_default();
    let settings = Settings::read(arguments, &working_dir, std::env::vars_os())?;
    let log = start_log(&settings).context("could not open the log")?;
    let app = build(settings).context("could not open the window system")?;
    Ok((app, log))
}

fn start_log(settings: &Settings) -> anyhow::Result<LogGuard> {
    // Whoever comes first makes the folder, and it is nobody else's business.
    let folder = &settings.node.data_dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("could not make {}", folder.display()))?;
    let files = LogFiles {
        directory: folder.join("logs"),
        files_max: 7,
    };
    let format = match settings.node.log.style {
        LogStyle::Text => LogFormat::Human,
        LogStyle::Json => LogFormat::Json,
    };
    let filter = settings.node.log.filter.clone();
    let files = Some(files);
    Ok(logging::install(&LogConfig {
        filter,
        format,
        files,
    })?)
}

fn build(settings: Settings) -> tauri::Result<tauri::App> {
    let context = tauri::generate_context!();
    let mut window_state = tauri_plugin_window_state::Builder::new()
        // Not the visibility: windows are made hidden and shown once they have something to show.
        .with_state_flags(StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED);
    if let Some(folder) = settings.window_data() {
        window_state = window_state.with_filename(folder.join("places.json").to_string_lossy());
    }
    let single = tauri_plugin_single_instance::Builder::new()
        .dbus_id(settings.instance_name(&context.config().identifier))
        .callback(|app, arguments, _folder| second_start(app, &arguments))
        .build();
    tauri::Builder::default()
        .plugin(single)
        .plugin(window_state.build())
        .manage(settings)
        .manage(Sessions::default())
        .manage(EmbeddedNode::default())
        .invoke_handler(tauri::generate_handler![
            ipc::deployment,
            ipc::rpc,
            ipc::live_open,
            ipc::live_close,
            ipc::graph_open,
            ipc::graph_send,
            ipc::graph_request_sync,
            ipc::graph_repair,
            ipc::graph_presence,
            ipc::graph_discard,
            ipc::graph_close,
            ipc::save_file,
            ipc::open_window,
            ipc_profiles::profiles_list,
            ipc_profiles::profiles_save,
            ipc_profiles::profiles_delete,
            ipc_profiles::profiles_switch,
            ipc_profiles::profiles_test,
        ])
        .setup(|app| {
            app.manage(make_desk(app.handle())?);
            window::open(app.handle())?;
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                handle.state::<Desk>().begin(&handle).await;
            });
            tauri::async_runtime::spawn(notices::watch(app.handle().clone()));
            tauri::async_runtime::spawn(quit_on_signal(app.handle().clone()));
            Ok(())
        })
        .build(context)
}

/// Finds the profiles of this person, or of the data folder that was named.
fn make_desk(app: &AppHandle) -> anyhow::Result<Desk> {
    let settings = app.state::<Settings>();
    let config_dir = match settings.config_dir() {
        Some(folder) => folder,
        None => app.path().app_config_dir()?,
    };
    let book = Book::read(&config_dir).context("could not read the connection profiles")?;
    let service = settings.instance_name(&app.config().identifier);
    let data_dir = settings.node.data_dir.clone();
    Ok(Desk::new(book, service, config_dir, data_dir))
}

/// Somebody started the console although it runs.
fn second_start(app: &AppHandle, arguments: &[String]) {
    let wants_window =
        Arguments::try_parse_from(arguments).is_ok_and(|arguments| arguments.new_window);
    if wants_window {
        if let Err(error) = window::open(app) {
            tracing::warn!(%error, "could not open a further window");
        }
    } else {
        window::bring_to_front(app);
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::WindowEvent {
            label,
            event: WindowEvent::Destroyed,
            ..
        } => {
            app.state::<Sessions>().close_window(&label);
        }
        // The first request is held back until the node has stopped; the second one goes through.
        RunEvent::ExitRequested { code, api, .. } => {
            let node = app.state::<EmbeddedNode>();
            if node.begin_stop() {
                api.prevent_exit();
                let app = app.clone();
                tauri::async_runtime::spawn(async move {
                    app.state::<Desk>().end(&app).await;
                    app.state::<EmbeddedNode>().stop().await;
                    app.exit(code.unwrap_or(0));
                });
            }
        }
        _ => {}
    }
}

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
fn report_failure(error: &anyhow::Error) {
    eprintln!("graphy-console: {error:#}");
}
