//! Open sockets whose token was revoked or has expired.
//!
//! Tokens with open sockets are looked up together, each once per round however many sockets it
//! has, and their sockets are told within [`ROUND`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_store::tokens::{Principal, TokenId, TokenStore};
use graphy_telemetry::tasks::{TaskContext, TaskFailure};
use tokio_util::sync::CancellationToken;

/// How often the tokens of open sockets are looked up.
const ROUND: Duration = Duration::from_millis(600);
/// How many tokens are looked up in one round trip.
const TOKENS_TOGETHER: usize = 500;

struct Watched {
    principal: Principal,
    ended: CancellationToken,
    sockets: usize,
}

/// The tokens of open sockets; clones share the list.
#[derive(Clone, Default)]
pub(crate) struct Revocations {
    watched: Arc<Mutex<HashMap<TokenId, Watched>>>,
}

impl Revocations {
    /// Watches a token for as long as the answer lives.
    pub(crate) fn watch(&self, principal: &Principal) -> WatchedToken {
        let mut watched = self.lock();
        let entry = watched
            .entry(principal.token_id.clone())
            .or_insert_with(|| Watched {
                principal: principal.clone(),
                ended: CancellationToken::new(),
                sockets: 0,
            });
        entry.sockets += 1;
        let (id, ended) = (principal.token_id.clone(), entry.ended.clone());
        WatchedToken {
            list: self.clone(),
            id,
            ended,
        }
    }

    /// Looks the tokens up until the context is cancelled.
    pub(crate) async fn run(
        self,
        tokens: TokenStore,
        context: TaskContext,
    ) -> Result<(), TaskFailure> {
        loop {
            tokio::select! {
                () = context.token.cancelled() => return Ok(()),
                () = tokio::time::sleep(ROUND) => {}
            }
            context.tick();
            let principals: Vec<Principal> = self
                .lock()
                .values()
                .map(|watched| watched.principal.clone())
                .collect();
            for some in principals.chunks(TOKENS_TOGETHER) {
                // Not knowing is no reason to close: the next round asks again.
                let Ok(active) = tokens.are_active(some).await else {
                    continue;
                };
                for (principal, active) in some.iter().zip(active) {
                    if !active {
                        self.end(&principal.token_id);
                    }
                }
            }
        }
    }

    fn end(&self, id: &TokenId) {
        // The entry stays until its last socket leaves: a socket that is opened meanwhile, on the
        // strength of a cached answer, gets a token that has ended already.
        if let Some(watched) = self.lock().get(id) {
            watched.ended.cancel();
        }
    }

    fn leave(&self, id: &TokenId) {
        let mut watched = self.lock();
        if let Some(entry) = watched.get_mut(id) {
            entry.sockets = entry.sockets.saturating_sub(1);
            if entry.sockets == 0 {
                watched.remove(id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenId, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that a socket was opened with.
pub(crate) struct WatchedToken {
    list: Revocations,
    id: TokenId,
    ended: CancellationToken,
}

impl WatchedToken {
    /// Waits until the token is not valid any more.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for WatchedToken {
    fn drop(&mut self) {
        self.list.leave(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::{Role, UserId};

    #[test]
    fn a_socket_that_is_opened_while_others_are_closed_ends_too() {
        let principal = Principal {
            token_id: TokenId::parse("0123456789abcdef").unwrap(),
            user_id: UserId::new("eve").unwrap(),
            role: Role::Editor,
            expires_at: None,
        };
        let list = Revocations::default();
        let first = list.watch(&principal);
        list.end(&principal.token_id);
        // On the strength of an answer from before the revocation.
        let second = list.watch(&principal);
        drop(first);
        assert!(second.ended.is_cancelled());
        drop(second);
        assert!(list.lock().is_empty(), "nobody is watched for ever");
    }
}
