//! Buckets of entities, by which a replica that differs is mended in parts.
//!
//! The function is simple on purpose: every client, in whatever language, must compute it.

/// How many buckets a graph has.
pub const BUCKETS: u16 = 64;

/// Returns the bucket of an entity: the 32-bit FNV-1a hash of its id's bytes, modulo [`BUCKETS`].
///
/// Nodes and edges share the buckets. The algorithm is that of the FNV authors
/// (<http://www.isthe.com/chongo/tech/comp/fnv/>).
#[must_use]
pub fn bucket_of(id: &str) -> u16 {
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    u16::try_from(hash % u32::from(BUCKETS)).expect("a remainder of a 16-bit number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_that_other_clients_compute() {
        // 0xe40c292c and 0xbf9cf968 are the published hashes of "a" and "foobar".
        assert_eq!(bucket_of("a"), (0xe40c_292c_u32 % 64) as u16);
        assert_eq!(bucket_of("foobar"), (0xbf9c_f968_u32 % 64) as u16);
    }
}
