//! Reads many hashes in one round trip.

use std::collections::HashMap;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// Returns the hashes of the keys, in their order; a key that is not there gives an empty one.
pub(crate) async fn read_hashes(
    link: &RedisLink,
    action: &'static str,
    keys: impl ExactSizeIterator<Item = String>,
) -> Result<Vec<HashMap<String, String>>, StoreError> {
    // redis-rs refuses an empty pipeline.
    if keys.len() == 0 {
        return Ok(Vec::new());
    }
    let mut pipeline = redis::pipe();
    for key in keys {
        pipeline.hgetall(key);
    }
    pipeline
        .query_async(&mut link.query())
        .await
        .map_err(StoreError::redis(action))
}
