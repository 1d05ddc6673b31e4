//! The lease of the one node that tells old consumers.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::secret::random_bytes;

/// How often the lease is taken or renewed.
pub(super) const RENEWAL: Duration = Duration::from_millis(1500);
/// How long it lasts.
const LIFE_MS: u64 = 5000;
const KEY: &str = "bridge:leader";

static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local holder = redis.call('GET', KEYS[1]) \
         if holder and holder ~= ARGV[1] then return 0 end \
         redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1",
    )
});
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end \
         return 0",
    )
});

/// One candidate.
pub(super) struct Lease {
    link: RedisLink,
    name: String,
}

impl Lease {
    pub(super) fn new(link: RedisLink) -> Self {
        let name = hex::encode(random_bytes::<8>());
        Self { link, name }
    }

    /// Takes or renews the lease; false if another one holds it.
    pub(super) async fn take(&mut self) -> Result<bool, StoreError> {
        let mut call = TAKE.key(KEY);
        call.arg(&self.name).arg(LIFE_MS);
        let taken: Result<bool, _> = call.invoke_async(&mut self.link.write()).await;
        taken.map_err(StoreError::redis("take the bridge's lease"))
    }

    /// Gives the lease back, so that another one need not wait for its end.
    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        let mut call = RELEASE.key(KEY);
        let released: Result<u8, _> = call
            .arg(&self.name)
            .invoke_async(&mut self.link.write())
            .await;
        released
            .map(|_| ())
            .map_err(StoreError::redis("give the bridge's lease back"))
    }
}
