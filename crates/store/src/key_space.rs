//! Looks at the key space in small steps, each bounded, so that the server serves others meanwhile.

use redis::RedisError;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// How many slots of the key space one step looks at, about: SCAN's COUNT.
pub const STEP_KEYS: usize = 100;
/// How many entries of a large key MEMORY USAGE looks at.
const MEMORY_SAMPLES: usize = 5;

/// A step through the key space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStep {
    /// Where the next step begins; 0 after the last.
    pub cursor: u64,
    /// The keys that were met; a key may be met twice in a pass.
    pub keys: Vec<String>,
}

/// The key space of a deployment's Redis.
#[derive(Debug, Clone)]
pub struct KeySpace {
    link: RedisLink,
}

impl KeySpace {
    /// Makes the access to it.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    /// Counts the keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count(&self) -> Result<u64, StoreError> {
        redis::cmd("DBSIZE")
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("count the keys"))
    }

    /// Takes one step. The first begins at 0.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn step(&self, cursor: u64) -> Result<KeyStep, StoreError> {
        let (cursor, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("COUNT")
            .arg(STEP_KEYS)
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("look at the keys"))?;
        // Keys are bytes; what is no text is shown as far as it is.
        let text = |key: Vec<u8>| String::from_utf8_lossy(&key).into_owned();
        Ok(KeyStep {
            cursor,
            keys: keys.into_iter().map(text).collect(),
        })
    }

    /// Asks how much memory each of some keys takes, in bytes, about; none for keys that are gone.
    ///
    /// # Errors
    /// [`StoreError`], also when the server does not allow it.
    pub async fn memory(&self, keys: &[&str]) -> Result<Vec<Option<u64>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline
                .cmd("MEMORY")
                .arg("USAGE")
                .arg(key)
                .arg("SAMPLES")
                .arg(MEMORY_SAMPLES);
        }
        let sizes: Result<Vec<Option<u64>>, RedisError> =
            pipeline.query_async(&mut self.link.query()).await;
        sizes.map_err(StoreError::redis("ask for the memory of keys"))
    }
}
