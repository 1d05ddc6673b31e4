//! What the windows have open: live views and graphs.
//!
//! **Invariant:** everything that a window opened ends with that window.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_client::GraphSession;
use graphy_protocol::{ApiError, ErrorCode};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Views that one window may have open at once.
const VIEWS_MAX: usize = 32;

/// All open views of all windows.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Open>>,
}

struct Open {
    window: String,
    view: View,
}

/// One thing that a window looks at; dropping it ends it.
pub(crate) enum View {
    /// The live figures; the guard ends the task that sends them.
    Live { _guard: DropGuard },
    /// A graph; the session ends when its last handle goes.
    Graph(Arc<GraphSession>),
}

impl View {
    /// Live figures that end with the token.
    pub(crate) fn live(end: CancellationToken) -> Self {
        Self::Live {
            _guard: end.drop_guard(),
        }
    }
}

impl Sessions {
    /// Keeps a view of a window and gives it a name.
    ///
    /// # Errors
    /// `rate_limited` when the window has too many open; the view ends then.
    pub(crate) fn keep(&self, window: &str, view: View) -> Result<String, ApiError> {
        let mut open = self.lock();
        if open.values().filter(|entry| entry.window == window).count() >= VIEWS_MAX {
            let message = format!("a window cannot have more than {VIEWS_MAX} views open");
            return Err(ApiError::new(ErrorCode::RateLimited, message));
        }
        let id = uuid::Uuid::now_v7().to_string();
        open.insert(
            id.clone(),
            Open {
                window: window.to_owned(),
                view,
            },
        );
        Ok(id)
    }

    /// The graph session of that name, if the window opened it.
    ///
    /// # Errors
    /// `not_found` when it is closed or another window's.
    pub(crate) fn graph(&self, window: &str, id: &str) -> Result<Arc<GraphSession>, ApiError> {
        match self.lock().get(id) {
            Some(Open {
                window: owner,
                view: View::Graph(session),
            }) if owner == window => Ok(Arc::clone(session)),
            _ => Err(ApiError::new(
                ErrorCode::NotFound,
                "this view of the graph is closed",
            )),
        }
    }

    /// Ends a view of the window; ending one that is gone does nothing.
    pub(crate) fn close(&self, window: &str, id: &str) {
        let mut open = self.lock();
        if open.get(id).is_some_and(|entry| entry.window == window) {
            open.remove(id);
        }
    }

    /// Ends all views of a window.
    pub(crate) fn close_window(&self, window: &str) {
        self.lock().retain(|_, entry| entry.window != window);
    }

    /// Ends everything.
    pub(crate) fn close_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Open>> {
        // Each change is one call of the map, so a panic elsewhere leaves it whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(sessions: &Sessions, window: &str) -> (Result<String, ApiError>, CancellationToken) {
        let token = CancellationToken::new();
        (sessions.keep(window, View::live(token.clone())), token)
    }

    #[test]
    fn a_window_takes_its_views_along_and_no_others() {
        let sessions = Sessions::default();
        let (_, one) = live(&sessions, "console");
        let (_, two) = live(&sessions, "console-2");
        sessions.close_window("console");
        assert!(one.is_cancelled());
        assert!(!two.is_cancelled());
        sessions.close_all();
        assert!(two.is_cancelled());
    }

    #[test]
    fn a_window_cannot_close_the_view_of_another() {
        let sessions = Sessions::default();
        let (id, token) = live(&sessions, "console");
        let id = id.unwrap();
        sessions.close("console-2", &id);
        assert!(!token.is_cancelled());
        sessions.close("console", &id);
        assert!(token.is_cancelled());
        sessions.close("console", &id);
    }

    #[test]
    fn the_views_of_a_window_are_bounded() {
        let sessions = Sessions::default();
        for _ in 0..VIEWS_MAX {
            live(&sessions, "console").0.unwrap();
        }
        let (refused, token) = live(&sessions, "console");
        assert_eq!(refused.unwrap_err().code, ErrorCode::RateLimited);
        assert!(token.is_cancelled(), "a refused view does not go on unseen");
        live(&sessions, "console-2").0.unwrap();
    }

    #[test]
    fn live_figures_are_no_graph() {
        let sessions = Sessions::default();
        let id = live(&sessions, "console").0.unwrap();
        let refused = sessions.graph("console", &id).err().unwrap();
        assert_eq!(refused.code, ErrorCode::NotFound);
    }
}
