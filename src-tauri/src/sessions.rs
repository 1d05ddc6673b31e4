//! What the windows have open: live views and graphs.
//!
//! **Invariant:** everything that a window opened ends with that window; only a graph whose edits
//! are not all sent goes on until they are, or until somebody opens the graph again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_client::GraphSession;
use graphy_model::GraphId;
use graphy_protocol::{ApiError, ErrorCode};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Views that one window may have open at once.
const VIEWS_MAX: usize = 32;
/// How often a graph that nobody sees is asked whether it has sent everything.
const SEEN_OFF_EVERY: Duration = Duration::from_millis(250);

/// All open views of all windows.
#[derive(Default, Clone)]
pub(crate) struct Sessions(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    views: HashMap<String, Entry>,
    /// Graphs that nobody looks at any more and that are about to end.
    leaving: Vec<GraphView>,
}

struct Entry {
    window: String,
    view: View,
}

/// One thing that a window looks at; dropping it ends it.
pub(crate) enum View {
    /// The live figures; the guard ends the task that sends them.
    Live { _guard: DropGuard },
    /// A graph.
    Graph(GraphView),
}

/// An open graph.
#[derive(Clone)]
pub(crate) struct GraphView {
    pub(crate) graph_id: GraphId,
    pub(crate) session: Arc<GraphSession>,
    /// Whether its unsent commands outlive the session.
    pub(crate) is_kept: bool,
    /// Whether it may be edited through.
    pub(crate) read_only: bool,
    /// Ends the flow of frames to the window.
    pub(crate) hidden: CancellationToken,
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
        let of_window = open.views.values().filter(|entry| entry.window == window);
        if of_window.count() >= VIEWS_MAX {
            let message = format!("a window cannot have more than {VIEWS_MAX} views open");
            return Err(ApiError::new(ErrorCode::RateLimited, message));
        }
        let id = uuid::Uuid::now_v7().to_string();
        let window = window.to_owned();
        open.views.insert(id.clone(), Entry { window, view });
        Ok(id)
    }

    /// The graph of that name, if the window opened it.
    ///
    /// # Errors
    /// `not_found` when it is closed or another window's.
    pub(crate) fn graph(&self, window: &str, id: &str) -> Result<GraphView, ApiError> {
        match self.lock().views.get(id) {
            Some(Entry {
                window: owner,
                view: View::Graph(graph),
            }) if owner == window => Ok(graph.clone()),
            _ => Err(ApiError::new(
                ErrorCode::NotFound,
                "this view of the graph is closed",
            )),
        }
    }

    /// Ends a view of the window; ending one that is gone does nothing.
    pub(crate) fn close(&self, window: &str, id: &str) {
        let mut open = self.lock();
        if open.views.get(id).is_some_and(|one| one.window == window)
            && let Some(entry) = open.views.remove(id)
        {
            self.see_off(&mut open, entry.view);
        }
    }

    /// Ends all views of a window.
    pub(crate) fn close_window(&self, window: &str) {
        let mut open = self.lock();
        let of_window = |_: &String, entry: &mut Entry| entry.window == window;
        let ended: Vec<Entry> = open
            .views
            .extract_if(of_window)
            .map(|(_, one)| one)
            .collect();
        for entry in ended {
            self.see_off(&mut open, entry.view);
        }
    }

    /// Ends what still goes on of a graph that nobody sees, so that its queue can be taken over.
    pub(crate) async fn end_unseen(&self, graph_id: &GraphId) {
        let unseen: Vec<GraphView> = {
            let open = self.lock();
            let of_graph = open.leaving.iter().filter(|one| one.graph_id == *graph_id);
            of_graph.cloned().collect()
        };
        for graph in unseen {
            graph.session.end().await;
        }
    }

    /// Ends everything, and returns when it has ended.
    pub(crate) async fn end_all(&self) {
        let (views, leaving) = {
            let mut open = self.lock();
            let views: Vec<Entry> = open.views.drain().map(|(_, entry)| entry).collect();
            (views, std::mem::take(&mut open.leaving))
        };
        let seen = views.into_iter().filter_map(|entry| match entry.view {
            View::Graph(graph) => Some(graph),
            View::Live { .. } => None,
        });
        for graph in seen.chain(leaving) {
            graph.hidden.cancel();
            graph.session.end().await;
        }
    }

    /// Lets a graph go on, unseen, until its commands are sent.
    fn see_off(&self, open: &mut Open, view: View) {
        let View::Graph(graph) = view else {
            return;
        };
        graph.hidden.cancel();
        open.leaving.push(graph.clone());
        let sessions = self.clone();
        tauri::async_runtime::spawn(async move {
            while graph.is_kept && graph.session.pending() > 0 && !graph.session.is_over() {
                tokio::time::sleep(SEEN_OFF_EVERY).await;
            }
            graph.session.end().await;
            let same = |one: &GraphView| Arc::ptr_eq(&one.session, &graph.session);
            sessions.lock().leaving.retain(|one| !same(one));
        });
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Each change is one call of a collection, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_client::{Journal, SessionConfig, Timing};
    use graphy_model::Envelope;

    fn live(sessions: &Sessions, window: &str) -> (Result<String, ApiError>, CancellationToken) {
        let token = CancellationToken::new();
        (sessions.keep(window, View::live(token.clone())), token)
    }

    #[tokio::test]
    async fn a_window_takes_its_views_along_and_no_others() {
        let sessions = Sessions::default();
        let (_, one) = live(&sessions, "console");
        let (_, two) = live(&sessions, "console-2");
        sessions.close_window("console");
        assert!(one.is_cancelled());
        assert!(!two.is_cancelled());
        sessions.end_all().await;
        assert!(two.is_cancelled());
    }

    /// A graph of a server that is not there, with one command that waits for it.
    async fn waiting(journal: &Journal, graph_id: &GraphId) -> GraphView {
        let kept = journal.keep(graph_id).await.unwrap();
        let config = SessionConfig {
            url: "http://127.0.0.1:9".parse().unwrap(),
            token: String::new(),
            graph_id: graph_id.clone(),
            client_id: kept.client_id().clone(),
        };
        let tokens = tokio::sync::watch::Sender::new(String::new()).subscribe();
        let (session, _) =
            GraphSession::open_lasting(config, Timing::default(), Some(kept), tokens);
        let command = serde_json::json!({
            "operationId": uuid::Uuid::now_v7(), "type": "DELETE_NODE", "payload": { "id": "a" },
        });
        session
            .send_envelope(Envelope::from_value(command).unwrap())
            .unwrap();
        GraphView {
            graph_id: graph_id.clone(),
            session: Arc::new(session),
            is_kept: true,
            read_only: false,
            hidden: CancellationToken::new(),
        }
    }

    #[tokio::test]
    async fn a_graph_with_unsent_edits_goes_on_unseen_until_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("queue")).unwrap();
        let graph_id = GraphId::new("g").unwrap();
        let sessions = Sessions::default();
        let view = waiting(&journal, &graph_id).await;
        let (session, hidden) = (Arc::clone(&view.session), view.hidden.clone());
        sessions.keep("console", View::Graph(view)).unwrap();
        sessions.close_window("console");
        assert!(hidden.is_cancelled(), "nobody is shown its frames");
        assert!(!session.is_over());
        sessions.end_unseen(&graph_id).await;
        assert!(session.is_over());
        let kept = journal.keep(&graph_id).await.unwrap();
        assert_eq!(kept.pending().count(), 1);
        drop(kept);
        let view = waiting(&journal, &graph_id).await;
        let session = Arc::clone(&view.session);
        sessions.keep("console", View::Graph(view)).unwrap();
        sessions.end_all().await;
        assert!(session.is_over());
        let kept = journal.keep(&graph_id).await.unwrap();
        assert_eq!(kept.pending().count(), 2);
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
