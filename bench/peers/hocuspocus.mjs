// Hocuspocus 4 with its Redis extension: node hocuspocus.mjs <redis>
//
// Settings are the defaults. Documents are stored in Redis by the hooks that Hocuspocus has for
// it, which it calls 2 to 10 seconds after a change: it confirms updates before they are stored.

import { Redis as RedisExtension } from "@hocuspocus/extension-redis";
import { Server } from "@hocuspocus/server";
import { Redis } from "ioredis";
import * as Y from "yjs";
import { announce, redisAddress } from "./redis-address.mjs";

const { path, password } = redisAddress(process.argv[2]);
const redis = new Redis({ path, password });
const key = (name) => `hocuspocus:document:${name}`;

const server = new Server({
  port: 0,
  address: "127.0.0.1",
  quiet: true,
  extensions: [new RedisExtension({ createClient: () => new Redis({ path, password }) })],
  async onLoadDocument({ document, documentName }) {
    const stored = await redis.getBuffer(key(documentName));
    if (stored) Y.applyUpdate(document, stored);
    return document;
  },
  async onStoreDocument({ document, documentName }) {
    await redis.set(key(documentName), Buffer.from(Y.encodeStateAsUpdate(document)));
  },
});
await server.listen();
announce(server.address.port);
