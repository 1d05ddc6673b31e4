//! One deployment in use: how it is reached, its queue of unsent commands, and fresh tokens.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use graphy_client::journal::{Kept, Report};
use graphy_client::{Journal, NodeUrl};
use graphy_model::GraphId;
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::Value;
use tauri::{AppHandle, Manager as _};
use tokio::sync::{OnceCell, watch};

use crate::node::EmbeddedNode;
use crate::profiles::Profile;
use crate::read_only;
use crate::remote::RemoteNode;

/// Tokens of the embedded node live for twelve hours; this is when they are replaced.
const TOKEN_AGE_MAX: Duration = Duration::from_secs(6 * 3600);
/// How often their age is looked at. The clock on the wall counts, for machines sleep.
const TOKEN_CHECK_EVERY: Duration = Duration::from_secs(3);

/// A deployment in use.
pub(crate) struct Active {
    profile: Profile,
    generation: u64,
    link: Link,
    journal_path: PathBuf,
    journal: OnceCell<Result<Journal, String>>,
    tokens: watch::Sender<String>,
    /// When the embedded node's token was made.
    issued: tokio::sync::Mutex<Option<SystemTime>>,
}

/// How a deployment is reached.
enum Link {
    Embedded,
    Remote(Mutex<Option<RemoteNode>>),
}

impl Active {
    pub(super) fn new(
        profile: Profile,
        token: Option<String>,
        generation: u64,
        data_dir: &Path,
    ) -> Arc<Self> {
        let token = token.unwrap_or_default();
        let link = if profile.is_embedded() {
            Link::Embedded
        } else {
            Link::Remote(Mutex::new(remote_of(&profile, &token)))
        };
        Arc::new(Self {
            journal_path: journal_path(data_dir, &profile.id),
            profile,
            generation,
            link,
            journal: OnceCell::new(),
            tokens: watch::Sender::new(token),
            issued: tokio::sync::Mutex::new(None),
        })
    }

    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Which change-over of this console it came with.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The node elsewhere, if this is one.
    ///
    /// # Errors
    /// `unavailable` when its profile has no usable address.
    pub(crate) fn remote(&self) -> Result<Option<RemoteNode>, ApiError> {
        match &self.link {
            Link::Embedded => Ok(None),
            Link::Remote(node) => {
                let node = node.lock().unwrap_or_else(PoisonError::into_inner);
                let missing = || {
                    let message = "the profile has no usable address; edit it";
                    ApiError::new(ErrorCode::Unavailable, message)
                };
                node.clone().map(Some).ok_or_else(missing)
            }
        }
    }

    /// Goes on with another token of the same deployment.
    pub(crate) fn renew(&self, token: &str) {
        if let Link::Remote(node) = &self.link {
            *node.lock().unwrap_or_else(PoisonError::into_inner) = remote_of(&self.profile, token);
            self.tokens.send_replace(token.to_owned());
        }
    }

    /// Runs an operation there.
    ///
    /// # Errors
    /// `forbidden` when it is not certain that it only reads and the profile is read-only; those
    /// of the operation.
    pub(crate) async fn dispatch(
        &self,
        embedded: &EmbeddedNode,
        operation: &str,
        payload: Value,
    ) -> Result<Value, ApiError> {
        if self.profile.read_only {
            read_only::check(operation)?;
        }
        match self.remote()? {
            None => embedded.running().await?.dispatch(operation, payload).await,
            Some(node) => node.dispatch(operation, payload).await,
        }
    }

    /// Where graphs are subscribed to.
    ///
    /// # Errors
    /// `unavailable` when there is no such place now.
    pub(crate) async fn url(&self, embedded: &EmbeddedNode) -> Result<NodeUrl, ApiError> {
        match self.remote()? {
            None => Ok(embedded.running().await?.url().clone()),
            Some(node) => Ok(node.url().clone()),
        }
    }

    /// The tokens for graphs: the present one, and those that will replace it.
    ///
    /// # Errors
    /// `unavailable` when the embedded node makes none.
    pub(crate) async fn tokens(
        &self,
        embedded: &EmbeddedNode,
    ) -> Result<watch::Receiver<String>, ApiError> {
        if matches!(self.link, Link::Embedded) {
            let mut issued = self.issued.lock().await;
            let now = SystemTime::now();
            // A clock that was set back makes no token old.
            let age = issued.map(|at| now.duration_since(at).unwrap_or_default());
            if age.is_none_or(|age| age > TOKEN_AGE_MAX) {
                self.tokens.send_replace(embedded.token().await?);
                *issued = Some(now);
            }
        }
        Ok(self.tokens.subscribe())
    }

    /// Takes the queue of unsent commands of one graph.
    ///
    /// # Errors
    /// Why commands will not outlive this console, for people.
    pub(crate) async fn keep(&self, graph: &GraphId) -> Result<Kept, String> {
        let opened = self
            .journal
            .get_or_init(|| open_journal(&self.journal_path));
        let journal = opened.await.as_ref().map_err(Clone::clone)?;
        journal.keep(graph).await.map_err(|error| error.to_string())
    }

    /// What is wrong with the queue on disk, for people.
    pub(crate) fn queue_warning(&self) -> Option<String> {
        match self.journal.get()? {
            Ok(journal) => wording(journal.report()),
            Err(reason) => Some(format!(
                "Unsent edits will not outlive this console: {reason}."
            )),
        }
    }

    /// Writes what is left of the queue and lets go of its file.
    pub(super) async fn close(&self) {
        if let Some(Ok(journal)) = self.journal.get() {
            journal.clone().close().await;
        }
    }
}

fn remote_of(profile: &Profile, token: &str) -> Option<RemoteNode> {
    let url = profile.url.as_deref()?.parse().ok()?;
    Some(RemoteNode::new(url, token.to_owned()))
}

/// Where the unsent commands of a profile are kept. Its id is one of ours or a UUID.
pub(super) fn journal_path(data_dir: &Path, id: &str) -> PathBuf {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let name: String = id.chars().filter(allowed).collect();
    data_dir.join("queue").join(format!("{name}.redb"))
}

async fn open_journal(path: &Path) -> Result<Journal, String> {
    let path = path.to_path_buf();
    let open = move || {
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        }
        Journal::open(&path).map_err(|error| error.to_string())
    };
    let opened = tauri::async_runtime::spawn_blocking(open).await;
    let opened = opened.unwrap_or_else(|error| Err(error.to_string()));
    if let Err(reason) = &opened {
        tracing::error!(reason, "unsent commands are not kept on disk");
    }
    opened
}

fn wording(report: &Report) -> Option<String> {
    if let Some((aside, reason)) = &report.set_aside {
        return Some(format!(
            "The file with unsent edits was damaged ({reason}) and was set aside as {}; edits in \
             it were not sent.",
            aside.display()
        ));
    }
    if report.repaired {
        return Some(
            "The file with unsent edits was damaged and was repaired; the last edits in it may be \
             missing."
                .to_owned(),
        );
    }
    (report.unreadable > 0).then(|| {
        format!(
            "{} unsent edits were kept by another version of this program; they stay there and \
             are not sent.",
            report.unreadable
        )
    })
}

/// Replaces the tokens of open graphs before they run out, for as long as the deployment is used.
pub(super) fn keep_fresh(app: AppHandle, active: &Arc<Active>) {
    if !matches!(active.link, Link::Embedded) {
        return;
    }
    let active = Arc::downgrade(active);
    tauri::async_runtime::spawn(async move {
        loop {
            tokio::time::sleep(TOKEN_CHECK_EVERY).await;
            let Some(active) = active.upgrade() else {
                return;
            };
            if active.issued.lock().await.is_some()
                && let Err(error) = active.tokens(&app.state::<EmbeddedNode>()).await
            {
                tracing::debug!(%error, "the token of the windows could not be renewed yet");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_protocol::ErrorCode;

    fn read_only(url: Option<&str>) -> Arc<Active> {
        let profile = Profile {
            url: url.map(str::to_owned),
            id: "remote".to_owned(),
            read_only: true,
            ..Profile::embedded()
        };
        Active::new(profile, Some("one".to_owned()), 3, Path::new("/nowhere"))
    }

    #[tokio::test]
    async fn a_read_only_deployment_is_not_changed_whatever_the_page_asks() {
        let active = read_only(Some("http://127.0.0.1:9"));
        let embedded = EmbeddedNode::default();
        let call = async |operation: &str| {
            let answer = active.dispatch(&embedded, operation, Value::Null).await;
            answer.unwrap_err().code
        };
        assert_eq!(call("graphs.delete").await, ErrorCode::Forbidden);
        assert_eq!(call("commands.send").await, ErrorCode::Forbidden);
        assert_eq!(call("something.new").await, ErrorCode::Forbidden);
        // Reading is tried, and nobody is there.
        assert_eq!(call("graphs.list").await, ErrorCode::Unavailable);
    }

    #[tokio::test]
    async fn open_graphs_learn_of_a_new_token() {
        let active = read_only(Some("http://127.0.0.1:9"));
        let tokens = active.tokens(&EmbeddedNode::default()).await.unwrap();
        assert_eq!(*tokens.borrow(), "one");
        active.renew("two");
        assert!(tokens.has_changed().unwrap());
        assert_eq!(*tokens.borrow(), "two");
        assert_eq!(active.remote().unwrap().unwrap().token(), "two");
        let without = read_only(None);
        assert_eq!(without.remote().err().unwrap().code, ErrorCode::Unavailable);
    }

    #[tokio::test]
    async fn queues_of_profiles_are_apart_and_a_busy_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let graph = GraphId::new("g").unwrap();
        let paths = ["a", "b"].map(|id| journal_path(folder.path(), id));
        assert_ne!(paths[0], paths[1]);
        assert!(journal_path(folder.path(), "../x").starts_with(folder.path().join("queue")));
        let one = Active::new(Profile::embedded(), None, 1, folder.path());
        one.keep(&graph).await.unwrap();
        let two = Active::new(Profile::embedded(), None, 2, folder.path());
        let refused = two.keep(&graph).await.err().unwrap();
        assert!(refused.contains("another program"), "{refused}");
        assert!(two.queue_warning().unwrap().contains("will not outlive"));
        one.close().await;
        assert_eq!(one.queue_warning(), None);
    }
}
