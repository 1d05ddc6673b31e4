//! The deployment that the windows look at, and the change to another one.
//!
//! **Invariants:** all windows look at one deployment. A page that was loaded for one never reaches
//! another: each call says which [`generation`](Active::generation) it was made for. With a remote
//! deployment the node inside this console does not run.

mod active;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_protocol::{ApiError, ErrorCode};
use tauri::{AppHandle, Manager as _};
use tokio::sync::{OnceCell, watch};

pub(crate) use active::Active;

use crate::node::{self, EmbeddedNode};
use crate::profiles::book::Book;
use crate::profiles::secrets::Secrets;
use crate::profiles::{EMBEDDED, Profile};
use crate::sessions::Sessions;
use crate::window;

/// The profiles, and which of them is in use.
pub(crate) struct Desk {
    book: Mutex<Book>,
    secrets: OnceCell<Secrets>,
    /// The name of the tokens in the keyring.
    service: String,
    config_dir: PathBuf,
    data_dir: PathBuf,
    /// None while the console starts or changes over.
    active: watch::Sender<Option<Arc<Active>>>,
    /// Held while the console changes over.
    changing: tokio::sync::Mutex<u64>,
}

impl Desk {
    pub(crate) fn new(book: Book, service: String, config_dir: PathBuf, data_dir: PathBuf) -> Self {
        Self {
            book: Mutex::new(book),
            secrets: OnceCell::new(),
            service,
            config_dir,
            data_dir,
            active: watch::Sender::new(None),
            changing: tokio::sync::Mutex::new(0),
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        // Each change is written whole or not at all, so a panic elsewhere leaves it right.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where tokens are kept; found out at the first question.
    pub(crate) async fn secrets(&self) -> &Secrets {
        self.secrets
            .get_or_init(|| async {
                let (service, folder) = (self.service.clone(), self.config_dir.clone());
                let find = move || Secrets::find(&service, &folder);
                let found = tauri::async_runtime::spawn_blocking(find).await;
                found.unwrap_or_else(|error| Secrets::File {
                    path: self.config_dir.join("tokens.json"),
                    why: error.to_string(),
                })
            })
            .await
    }

    /// Does something with the tokens, on a thread that may wait for a person.
    ///
    /// # Errors
    /// Those of the work.
    pub(crate) async fn with_secrets<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Secrets) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let secrets = self.secrets().await.clone();
        tauri::async_runtime::spawn_blocking(move || work(&secrets))
            .await
            .unwrap_or_else(|error| Err(ApiError::new(ErrorCode::Internal, error.to_string())))
    }

    /// The deployment in use; waits while the console starts or changes over.
    ///
    /// # Errors
    /// `unavailable` when the console ends.
    pub(crate) async fn active(&self) -> Result<Arc<Active>, ApiError> {
        let mut active = self.active.subscribe();
        let found = active.wait_for(Option::is_some).await;
        match found.as_deref() {
            Ok(Some(active)) => Ok(Arc::clone(active)),
            Ok(None) | Err(_) => Err(ApiError::new(
                ErrorCode::Unavailable,
                "the console is about to end",
            )),
        }
    }

    /// The deployment that a page was loaded for.
    ///
    /// # Errors
    /// `unavailable` when the console shows another one by now.
    pub(crate) async fn active_for(&self, generation: u64) -> Result<Arc<Active>, ApiError> {
        let active = self.active().await?;
        if active.generation() != generation {
            let message = "this window shows a deployment that is not in use any more; reload it";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        Ok(active)
    }

    /// The deployment in use, if there is one now.
    pub(crate) fn present(&self) -> Option<Arc<Active>> {
        self.active.borrow().clone()
    }

    /// Begins with the profile that was used last.
    pub(crate) async fn begin(&self, app: &AppHandle) {
        let mut generation = self.changing.lock().await;
        let profile = self.book().active().clone();
        self.enter(app, profile, &mut generation).await;
    }

    /// Leaves the deployment in use for another one; nothing of the old one is kept. Every window
    /// loads anew.
    ///
    /// # Errors
    /// `not_found` or `unavailable`; then nothing has changed.
    pub(crate) async fn change_to(&self, app: &AppHandle, id: &str) -> Result<(), ApiError> {
        let mut generation = self.changing.lock().await;
        let profile = self.book().activate(id)?;
        self.leave(app, &profile).await;
        self.enter(app, profile, &mut generation).await;
        window::reload_all(app);
        Ok(())
    }

    async fn leave(&self, app: &AppHandle, next: &Profile) {
        let old = self.active.send_replace(None);
        app.state::<Sessions>().end_all().await;
        let Some(old) = old else {
            return;
        };
        old.close().await;
        if old.profile().is_embedded() && !next.is_embedded() {
            app.state::<EmbeddedNode>().stop().await;
        }
    }

    async fn enter(&self, app: &AppHandle, profile: Profile, generation: &mut u64) {
        *generation += 1;
        if profile.is_embedded() {
            let embedded = app.state::<EmbeddedNode>();
            if embedded.prepare_start() {
                tauri::async_runtime::spawn(node::boot(app.clone()));
            }
        }
        let id = profile.id.clone();
        let token = if id == EMBEDDED {
            None
        } else {
            let read = self.with_secrets(move |secrets| secrets.read(&id)).await;
            read.unwrap_or_else(|error| {
                tracing::error!(%error, profile = profile.name, "the token cannot be read");
                None
            })
        };
        let active = Active::new(profile, token, *generation, &self.data_dir);
        active::keep_fresh(app.clone(), &active);
        window::name_all(app, active.profile());
        self.active.send_replace(Some(active));
    }

    /// Ends what the windows had open, and the queue on disk.
    pub(crate) async fn end(&self, app: &AppHandle) {
        let old = self.active.send_replace(None);
        app.state::<Sessions>().end_all().await;
        if let Some(old) = old {
            old.close().await;
        }
    }

    /// Deletes the queue of a profile that is gone.
    pub(crate) fn forget_queue(&self, id: &str) {
        let path = active::journal_path(&self.data_dir, id);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a queue could not be deleted");
        }
    }
}
