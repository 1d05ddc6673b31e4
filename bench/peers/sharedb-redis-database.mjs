// A ShareDB database on Redis. ShareDB has none of its own; with it, both systems keep their
// documents in the same store under the same rules of durability: an operation is acknowledged
// after Redis has answered, which is as durable as its append-only file.
//
// One script per commit: it takes the operation if the document is still at the version before.

import ShareDB from "sharedb";
import Snapshot from "sharedb/lib/snapshot.js";

const COMMIT = `
local stored = tonumber(redis.call('HGET', KEYS[1], 'v') or '0')
if stored ~= tonumber(ARGV[1]) - 1 then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'snapshot', ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[3])
return 1`;

export class RedisDatabase extends ShareDB.DB {
  constructor(redis) {
    super();
    this.redis = redis;
    redis.defineCommand("commitOperation", { numberOfKeys: 2, lua: COMMIT });
  }

  static keys(collection, id) {
    return [`sharedb:{${collection}/${id}}:snapshot`, `sharedb:{${collection}/${id}}:operations`];
  }

  commit(collection, id, op, snapshot, _options, callback) {
    const [document, operations] = RedisDatabase.keys(collection, id);
    this.redis
      .commitOperation(document, operations, snapshot.v, JSON.stringify(snapshot), JSON.stringify(op))
      .then((taken) => callback(null, taken === 1), callback);
  }

  getSnapshot(collection, id, fields, options, callback) {
    const withMeta = fields?.$submit || options?.metadata;
    this.redis.hget(RedisDatabase.keys(collection, id)[0], "snapshot").then((text) => {
      if (text === null) {
        return callback(null, new Snapshot(id, 0, null, undefined, null));
      }
      const { v, type, data, m } = JSON.parse(text);
      callback(null, new Snapshot(id, v, type, data, withMeta ? m : null));
    }, callback);
  }

  getOps(collection, id, from, to, options, callback) {
    const last = to === null || to === undefined ? -1 : to - 1;
    this.redis.lrange(RedisDatabase.keys(collection, id)[1], from ?? 0, last).then((texts) => {
      const ops = texts.map((text) => JSON.parse(text));
      if (!options?.metadata) {
        for (const op of ops) delete op.m;
      }
      callback(null, ops);
    }, callback);
  }

  close(callback) {
    this.redis.disconnect();
    callback?.();
  }
}
