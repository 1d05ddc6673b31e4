//! The console's windows. All of them show the same interface and are equal clients of the node.

use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::settings::Settings;

/// The label of the first window; further ones are `console-2`, `console-3`, ...
const FIRST: &str = "console";

/// Windows that may be open at once; each holds a web process of a hundred megabytes.
const WINDOWS_MAX: usize = 8;

/// Opens a window: the first one, or a further client beside those that are open.
///
/// It stays hidden until the page has loaded, so that nobody sees an empty frame.
///
/// # Errors
/// Fails when too many windows are open or the window system refuses.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let label = free_label(|label| app.get_webview_window(label).is_some())
        .ok_or(tauri::Error::FailedToReceiveMessage)?;
    let settings = app.state::<Settings>();
    let mut builder = WebviewWindowBuilder::new(app, &label, WebviewUrl::App("index.html".into()))
        .title(title(&label))
        .inner_size(1440.0, 900.0)
        .min_inner_size(880.0, 560.0)
        .visible(false)
        .on_page_load(|window, payload| {
            if payload.event() == PageLoadEvent::Finished
                && let Err(error) = window.show()
            {
                tracing::warn!(%error, window = window.label(), "could not show a window");
            }
        });
    if let Some(folder) = settings.window_data() {
        builder = builder.data_directory(folder);
    }
    builder.build()
}

/// Brings the first window to the front, or opens one when all were closed.
pub(crate) fn bring_to_front(app: &AppHandle) {
    let shown = match app.get_webview_window(FIRST) {
        Some(window) => window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus()),
        None => open(app).map(drop),
    };
    if let Err(error) = shown {
        tracing::warn!(%error, "could not bring the window to the front");
    }
}

fn free_label(taken: impl Fn(&str) -> bool) -> Option<String> {
    let further = (2..=WINDOWS_MAX).map(|number| format!("{FIRST}-{number}"));
    std::iter::once(FIRST.to_owned())
        .chain(further)
        .find(|label| !taken(label))
}

fn title(label: &str) -> String {
    match label.rsplit_once('-') {
        Some((_, number)) => format!("Graphy ({number})"),
        None => "Graphy".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_numbered_from_the_first_and_bounded() {
        assert_eq!(free_label(|_| false).as_deref(), Some("console"));
        assert_eq!(
            free_label(|label| label == "console").as_deref(),
            Some("console-2")
        );
        assert_eq!(
            free_label(|label| label != "console-3").as_deref(),
            Some("console-3")
        );
        assert_eq!(free_label(|_| true), None);
    }

    #[test]
    fn further_windows_say_which_they_are() {
        assert_eq!(title("console"), "Graphy");
        assert_eq!(title("console-2"), "Graphy (2)");
    }
}
