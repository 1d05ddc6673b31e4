//! Access tokens: made once, shown once, kept only as hashes.
//!
//! A token reads `gk_<token id>_<256 random bits>`. Redis holds the SHA-256 of its secret half in the
//! hash `token:<id>`, so that who reads the database cannot log in. A plain hash is right here: the
//! secret is random, there is nothing to guess. One-time tickets bring a browser its first token.
//!
//! **Invariant:** a revoked token is refused at most [`CACHE_LIFE`] later in every process; open
//! sockets must ask [`TokenStore::is_active`] at least as often as that. While Redis does not answer
//! nothing can be revoked; then [`TokenStore::recall`] says who presented a token not long ago, for
//! looking at what the node itself knows.

mod cache;
mod error;
mod record;
mod text;
mod tickets;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncCommands as _, Script};

use graphy_model::access::Role;
use graphy_model::ids::UserId;
use graphy_telemetry::SharedClock;
use graphy_telemetry::board::CacheStatus;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::hashes::read_hashes;
use cache::VerifiedCache;

pub use error::TokenError;
pub use record::{Principal, TokenKind, TokenRecord};
pub use text::{TokenId, TokenText};
pub use tickets::{NewTicket, TICKET_LIFE, TicketText};

/// How long a verified token is not looked up again.
pub const CACHE_LIFE: Duration = Duration::from_secs(3);
/// For how long after its last verification a token is recalled while Redis does not answer.
pub const RECALL_LIFE: Duration = Duration::from_secs(3600);
/// The longest life of a token.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// The life of a token that a ticket was exchanged for.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);
/// The longest name of a token, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// How many named tokens there may be.
pub const TOKENS_MAX: usize = 10_000;

/// `lastUsedAt` is not written more often than this.
const LAST_USED_STEP_MS: u64 = 60_000;
/// An expired token's record stays this long, so that its user is told that it expired.
const EXPIRED_KEPT: Duration = Duration::from_secs(24 * 3600);
/// The set of the ids of all named tokens.
const INDEX: &str = "tokens";

/// What a new token is to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// In whose name it acts.
    pub user_id: UserId,
    /// Its life; `None` lives until it is revoked.
    pub life: Option<Duration>,
}

/// A token that was just made: the only moment its text is known.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The text to hand out.
    pub text: TokenText,
    /// What is kept of it.
    pub record: TokenRecord,
}

/// Whether there was something to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The token was there and is gone.
    Revoked,
    /// There was no such token.
    NotFound,
}

/// The tokens in Redis. Clones share their cache.
#[derive(Clone)]
pub struct TokenStore {
    link: RedisLink,
    clock: SharedClock,
    cache: Arc<VerifiedCache>,
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStore").finish_non_exhaustive()
    }
}

impl TokenStore {
    /// Makes a store whose expiry follows `clock`.
    #[must_use]
    pub fn new(link: RedisLink, clock: SharedClock) -> Self {
        Self {
            link,
            clock,
            cache: Arc::default(),
        }
    }

    /// Returns how well the memory of verified tokens works.
    #[must_use]
    pub fn cache_status(&self) -> CacheStatus {
        self.cache.status()
    }

    /// Makes a named token.
    ///
    /// # Errors
    /// [`TokenError::Name`], [`TokenError::Life`], [`TokenError::TooMany`], [`TokenError::Store`].
    pub async fn create(&self, new: NewToken) -> Result<IssuedToken, TokenError> {
        let characters = new.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&characters) || new.name.chars().any(char::is_control) {
            return Err(TokenError::Name);
        }
        let life_ok = |life: Duration| life >= Duration::from_secs(1) && life <= TOKEN_LIFE_MAX;
        if !new.life.is_none_or(life_ok) {
            return Err(TokenError::Life);
        }
        let count: usize = self
            .link
            .query()
            .scard(INDEX)
            .await
            .map_err(StoreError::redis("count the tokens"))?;
        if count >= TOKENS_MAX {
            return Err(TokenError::TooMany);
        }
        self.issue(new, TokenKind::Named).await
    }

    /// Returns all named tokens, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<TokenRecord>, StoreError> {
        let mut connection = self.link.query();
        let ids: Vec<String> = connection
            .smembers(INDEX)
            .await
            .map_err(StoreError::redis("list the tokens"))?;
        let ids: Vec<TokenId> = ids.iter().filter_map(|id| TokenId::parse(id)).collect();
        let hashes = read_hashes(&self.link, "read the tokens", ids.iter().map(key)).await?;
        let mut records = Vec::with_capacity(ids.len());
        let mut gone = Vec::new();
        for (id, hash) in ids.into_iter().zip(hashes) {
            if hash.is_empty() {
                gone.push(id.to_string());
            } else {
                records.push(TokenRecord::from_hash(&id, &hash)?.0);
            }
        }
        if !gone.is_empty() {
            // Their keys expired. Removing an id that is not there is no error.
            let removed: Result<(), _> = self.link.write().srem(INDEX, gone).await;
            removed.map_err(StoreError::redis("forget expired tokens"))?;
        }
        records.sort_by(|a, b| {
            b.created_at
                .cmp(&a.created_at)
                .then_with(|| a.id.cmp(&b.id))
        });
        Ok(records)
    }

    /// Revokes a token. This process refuses it at once, others within [`CACHE_LIFE`].
    ///
    /// # Errors
    /// [`StoreError`]; then the token may still be valid.
    pub async fn revoke(&self, id: &TokenId) -> Result<Revocation, StoreError> {
        let (removed,): (u64,) = redis::pipe()
            .del(key(id))
            .srem(INDEX, id.as_str())
            .ignore()
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("revoke a token"))?;
        self.cache.forget(id);
        Ok(if removed > 0 {
            Revocation::Revoked
        } else {
            Revocation::NotFound
        })
    }

    /// Says who presents a token.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::Unknown`], [`TokenError::Expired`],
    /// [`TokenError::Store`] when that cannot be found out now.
    pub async fn verify(&self, presented: &str) -> Result<Principal, TokenError> {
        let text = TokenText::parse(presented).ok_or(TokenError::Malformed)?;
        let hash = text.secret_hash();
        let principal = match self.cache.get(text.id(), &hash) {
            Some(principal) => principal,
            None => self.look_up(text.id(), &hash).await?,
        };
        if principal
            .expires_at
            .is_some_and(|at| at <= self.clock.now_ms())
        {
            return Err(TokenError::Expired);
        }
        Ok(principal)
    }

    /// Says who presented a token when it was last verified in this process, at most
    /// [`RECALL_LIFE`] ago. Asks nobody, so it is for when Redis does not answer.
    #[must_use]
    pub fn recall(&self, presented: &str) -> Option<Principal> {
        let text = TokenText::parse(presented)?;
        let principal = self.cache.recall(text.id(), &text.secret_hash())?;
        let now_ms = self.clock.now_ms();
        let lives = principal.expires_at.is_none_or(|at| at > now_ms);
        lives.then_some(principal)
    }

    /// Lets a good token be recalled for as long as this process lives: that of whoever runs it.
    ///
    /// # Errors
    /// As [`TokenStore::verify`].
    pub async fn keep(&self, presented: &str) -> Result<(), TokenError> {
        let principal = self.verify(presented).await?;
        if let Some(text) = TokenText::parse(presented) {
            self.cache.keep(text.secret_hash(), principal);
        }
        Ok(())
    }

    /// Says whether a token that was verified earlier is still valid: for open sockets.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be found out now.
    pub async fn is_active(&self, principal: &Principal) -> Result<bool, StoreError> {
        if principal
            .expires_at
            .is_some_and(|at| at <= self.clock.now_ms())
        {
            return Ok(false);
        }
        let found: Result<bool, _> = self.link.query().exists(key(&principal.token_id)).await;
        found.map_err(StoreError::redis("look for a token"))
    }

    /// Says the same of many tokens in one round trip.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be found out now.
    pub async fn are_active(&self, principals: &[Principal]) -> Result<Vec<bool>, StoreError> {
        if principals.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for principal in principals {
            pipeline.exists(key(&principal.token_id));
        }
        let found: Vec<bool> = pipeline
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("look for tokens"))?;
        let now_ms = self.clock.now_ms();
        let lives = |principal: &Principal| principal.expires_at.is_none_or(|at| at > now_ms);
        let both = principals.iter().zip(found);
        Ok(both.map(|(one, found)| found && lives(one)).collect())
    }

    async fn look_up(&self, id: &TokenId, hash: &[u8; 32]) -> Result<Principal, TokenError> {
        let fields: HashMap<String, String> = self
            .link
            .query()
            .hgetall(key(id))
            .await
            .map_err(StoreError::redis("read a token"))?;
        if fields.is_empty() {
            // Revoked elsewhere: it must not be recalled when Redis is away.
            self.cache.forget(id);
            return Err(TokenError::Unknown);
        }
        let (record, kept_hash) = TokenRecord::from_hash(id, &fields)?;
        if !text::same(hash, &kept_hash) {
            return Err(TokenError::Unknown);
        }
        self.note_use(&record).await;
        let principal = record.principal();
        self.cache.put(*hash, principal.clone());
        Ok(principal)
    }

    /// Writes when a token was last used. Only for people, so a failure is not an error.
    async fn note_use(&self, record: &TokenRecord) {
        let now_ms = self.clock.now_ms();
        if record
            .last_used_at
            .is_some_and(|at| now_ms < at + LAST_USED_STEP_MS)
        {
            return;
        }
        // A token that is revoked at this moment must not come back as half a hash.
        let script = Script::new(
            "if redis.call('EXISTS', KEYS[1]) == 1 then \
                redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[1]) end",
        );
        let mut invocation = script.key(key(&record.id));
        let written: Result<(), _> = invocation
            .arg(now_ms)
            .invoke_async(&mut self.link.write())
            .await;
        if let Err(error) = written {
            tracing::debug!(%error, "cannot note the use of a token");
        }
    }

    async fn issue(&self, new: NewToken, kind: TokenKind) -> Result<IssuedToken, TokenError> {
        let text = TokenText::random();
        let now_ms = self.clock.now_ms();
        let life_ms = new
            .life
            .map(|life| u64::try_from(life.as_millis()).unwrap_or(u64::MAX));
        let record = TokenRecord {
            id: text.id().clone(),
            kind,
            name: new.name,
            role: new.role,
            user_id: new.user_id,
            created_at: now_ms,
            expires_at: life_ms.map(|life_ms| now_ms.saturating_add(life_ms)),
            last_used_at: None,
        };
        let key = key(&record.id);
        let mut pipeline = redis::pipe();
        pipeline
            .hset_multiple(&key, &record.to_hash(&text.secret_hash()))
            .ignore();
        if let Some(life) = new.life {
            let seconds = i64::try_from((life + EXPIRED_KEPT).as_secs()).unwrap_or(i64::MAX);
            pipeline.expire(&key, seconds).ignore();
        }
        if kind == TokenKind::Named {
            pipeline.sadd(INDEX, record.id.as_str()).ignore();
        }
        pipeline
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("keep a new token"))?;
        Ok(IssuedToken { text, record })
    }
}

fn key(id: &TokenId) -> String {
    format!("token:{id}")
}
