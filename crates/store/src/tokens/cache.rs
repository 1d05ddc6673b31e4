//! Tokens that were verified a moment ago, or, for when Redis is away, not long ago.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use graphy_telemetry::board::CacheStatus;

use tokio::time::Instant;

use super::record::Principal;
use super::text::{TokenId, same};
use super::{CACHE_LIFE, RECALL_LIFE};

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
    verified: Instant,
    /// Recalled for as long as the process lives.
    kept: bool,
}

impl Entry {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.verified + CACHE_LIFE
    }

    fn can_be_recalled(&self, now: Instant) -> bool {
        self.kept || now < self.verified + RECALL_LIFE
    }
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

    /// Returns whose token it was when Redis last said so, if that is not too long ago.
    pub(super) fn recall(&self, id: &TokenId, hash: &[u8; 32]) -> Option<Principal> {
        self.find_if(id, hash, Entry::can_be_recalled)
    }

    fn find(&self, id: &TokenId, hash: &[u8; 32]) -> Option<Principal> {
        self.find_if(id, hash, Entry::is_fresh)
    }

    fn find_if(
        &self,
        id: &TokenId,
        hash: &[u8; 32],
        holds: impl Fn(&Entry, Instant) -> bool,
    ) -> Option<Principal> {
        let entries = self.lock();
        let entry = entries
            .get(id)
            .filter(|entry| holds(entry, Instant::now()))?;
        same(&entry.hash, hash).then(|| entry.principal.clone())
    }

    pub(super) fn put(&self, hash: [u8; 32], principal: Principal) {
        let now = Instant::now();
        let mut entries = self.lock();
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, entry| entry.kept || entry.is_fresh(now));
        }
        let known = entries.get(&principal.token_id);
        let kept = known.is_some_and(|entry| entry.kept);
        if entries.len() < ENTRIES_MAX || known.is_some() {
            let entry = Entry {
                hash,
                verified: now,
                principal,
                kept,
            };
            entries.insert(entry.principal.token_id.clone(), entry);
        }
    }

    /// Lets a token be recalled for as long as the process lives.
    pub(super) fn keep(&self, hash: [u8; 32], principal: Principal) {
        let id = principal.token_id.clone();
        self.put(hash, principal);
        if let Some(entry) = self.lock().get_mut(&id) {
            entry.kept = true;
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
        assert_eq!(cache.recall(&id, &[1; 32]), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_recalled_for_an_hour_and_one_that_is_kept_for_ever() {
        let principal = |id: &str| Principal {
            token_id: TokenId::parse(id).unwrap(),
            user_id: UserId::new("ann").unwrap(),
            role: Role::Operator,
            expires_at: None,
        };
        let (passing, kept) = (principal("0123456789abcdef"), principal("fedcba9876543210"));
        let cache = VerifiedCache::default();
        cache.put([1; 32], passing.clone());
        cache.keep([2; 32], kept.clone());
        // Verified anew, it is still kept.
        cache.put([2; 32], kept.clone());
        let recalled = |one: &Principal, hash: u8| cache.recall(&one.token_id, &[hash; 32]);
        tokio::time::advance(RECALL_LIFE - CACHE_LIFE).await;
        assert_eq!(cache.get(&passing.token_id, &[1; 32]), None, "not fresh");
        assert_eq!(recalled(&passing, 1), Some(passing.clone()));
        assert_eq!(recalled(&passing, 2), None, "another secret");
        tokio::time::advance(2 * CACHE_LIFE).await;
        assert_eq!(recalled(&passing, 1), None);
        assert_eq!(recalled(&kept, 2), Some(kept.clone()));
        cache.forget(&kept.token_id);
        assert_eq!(recalled(&kept, 2), None, "revoked here");
    }
}
