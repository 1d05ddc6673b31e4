//! Tokens that were verified a moment ago.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use graphy_telemetry::board::CacheStatus;

use tokio::time::Instant;

use super::CACHE_LIFE;
use super::record::Principal;
use super::text::{TokenId, same};

/// More tokens than this at once are verified in Redis each time.
const ENTRIES_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct VerifiedCache {
    entries: Mutex<HashMap<TokenId, Entry>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    hash: [u8; 32],
    principal: Principal,
    until: Instant,
}

impl VerifiedCache {
    pub(super) fn get(&self, id: &TokenId, hash: &[u8; 32]) -> Option<Principal> {
        let found = self.find(id, hash);
        let count = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn status(&self) -> CacheStatus {
        CacheStatus {
            name: "tokens".to_owned(),
            entries: u64::try_from(self.lock().len()).unwrap_or(u64::MAX),
            entries_max: u64::try_from(ENTRIES_MAX).unwrap_or(u64::MAX),
            ttl_ms: u64::try_from(CACHE_LIFE.as_millis()).ok(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    fn find(&self, id: &TokenId, hash: &[u8; 32]) -> Option<Principal> {
        let entries = self.lock();
        let entry = entries
            .get(id)
            .filter(|entry| Instant::now() < entry.until)?;
        same(&entry.hash, hash).then(|| entry.principal.clone())
    }

    pub(super) fn put(&self, hash: [u8; 32], principal: Principal) {
        let now = Instant::now();
        let mut entries = self.lock();
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() < ENTRIES_MAX {
            let entry = Entry {
                hash,
                until: now + CACHE_LIFE,
                principal,
            };
            entries.insert(entry.principal.token_id.clone(), entry);
        }
    }

    pub(super) fn forget(&self, id: &TokenId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use graphy_model::access::Role;
    use graphy_model::ids::UserId;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_verified_token_is_forgotten_within_five_seconds() {
        let id = TokenId::parse("0123456789abcdef").unwrap();
        let user_id = UserId::new("ann").unwrap();
        let principal = Principal {
            token_id: id.clone(),
            user_id,
            role: Role::Viewer,
            expires_at: None,
        };
        let cache = VerifiedCache::default();
        cache.put([1; 32], principal.clone());
        assert_eq!(cache.get(&id, &[1; 32]), Some(principal.clone()));
        assert_eq!(
            cache.get(&id, &[2; 32]),
            None,
            "another secret under the same id"
        );
        let status = cache.status();
        assert_eq!((status.entries, status.hits, status.misses), (1, 1, 1));
        tokio::time::advance(std::time::Duration::from_secs(5)).await;
        assert_eq!(cache.get(&id, &[1; 32]), None);
        cache.put([1; 32], principal);
        cache.forget(&id);
        assert_eq!(cache.get(&id, &[1; 32]), None);
    }
}
