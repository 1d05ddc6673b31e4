/**
 * Buckets of entities, by which a replica that differs is mended in parts: an entity's bucket is
 * the 32-bit FNV-1a hash of its id's UTF-8 bytes, modulo 64 (`crates/protocol/src/bucket.rs`).
 */
export const BUCKETS = 64;

const encoder = new TextEncoder();

export function bucketOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % BUCKETS;
}

/** The wrapping 64-bit sum of the hashes in each bucket. */
export function bucketSums(...kinds: Iterable<[id: string, { hash: bigint }]>[]): bigint[] {
  const sums = Array.from({ length: BUCKETS }, () => 0n);
  for (const entities of kinds) {
    for (const [id, { hash }] of entities) {
      const bucket = bucketOf(id);
      sums[bucket] = BigInt.asUintN(64, (sums[bucket] ?? 0n) + hash);
    }
  }
  return sums;
}
