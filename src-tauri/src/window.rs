//! The console's windows. All of them show the same interface and are equal clients of the node.

use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::desk::Desk;
use crate::profiles::Profile;
use crate::sessions::Sessions;
use crate::settings::Settings;

/// Forgets what pages keep, and goes to the first one. The theme is the person's, not the
/// deployment's.
const BEGIN_ANEW: &str = "
    sessionStorage.clear();
    for (const key of Object.keys(localStorage)) {
        if (!key.startsWith('mantine-')) localStorage.removeItem(key);
    }
    history.replaceState(null, '', location.pathname);
    location.reload();";

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
        .title(title(&label, app.state::<Desk>().book().active()))
        .inner_size(1440.0, 900.0)
        .min_inner_size(880.0, 560.0)
        .visible(false)
        .on_page_load(|window, payload| {
            // A page that is loaded anew knows nothing of what the one before it had open.
            if payload.event() == PageLoadEvent::Started {
                window.state::<Sessions>().close_window(window.label());
            } else if let Err(error) = window.show() {
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

/// Has every window begin anew, without anything that its page remembers.
pub(crate) fn reload_all(app: &AppHandle) {
    for window in app.webview_windows().values() {
        if let Err(error) = window.eval(BEGIN_ANEW) {
            tracing::warn!(%error, window = window.label(), "could not reload a window");
        }
    }
}

/// Says in every title which deployment is shown.
pub(crate) fn name_all(app: &AppHandle, profile: &Profile) {
    for (label, window) in app.webview_windows() {
        if let Err(error) = window.set_title(&title(&label, profile)) {
            tracing::warn!(%error, window = label, "could not name a window");
        }
    }
}

fn free_label(taken: impl Fn(&str) -> bool) -> Option<String> {
    let further = (2..=WINDOWS_MAX).map(|number| format!("{FIRST}-{number}"));
    std::iter::once(FIRST.to_owned())
        .chain(further)
        .find(|label| !taken(label))
}

fn title(label: &str, profile: &Profile) -> String {
    let mut title = "Graphy".to_owned();
    if !profile.is_embedded() {
        title = format!(
            "{} – {} – Graphy",
            profile.name,
            profile.environment.as_str()
        );
    }
    if profile.read_only {
        title.push_str(" (read-only)");
    }
    match label.rsplit_once('-') {
        Some((_, number)) => format!("{title} ({number})"),
        None => title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Environment;

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
        let own = Profile::embedded();
        assert_eq!(title("console", &own), "Graphy");
        assert_eq!(title("console-2", &own), "Graphy (2)");
        let remote = Profile {
            id: "r".to_owned(),
            name: "Berlin".to_owned(),
            environment: Environment::Production,
            read_only: true,
            ..own
        };
        let expected = "Berlin – production – Graphy (read-only) (2)";
        assert_eq!(title("console-2", &remote), expected);
    }
}
