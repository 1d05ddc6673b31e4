// ShareDB 7 with sharedb-redis-pubsub: node sharedb.mjs <redis> <nodes of the graph> <redis|memory>

import http from "node:http";
import WebSocketJSONStream from "@teamwork/websocket-json-stream";
import { Redis } from "ioredis";
import { createClient } from "redis";
import ShareDB from "sharedb";
import redisPubSub from "sharedb-redis-pubsub";
import { WebSocketServer } from "ws";
import { announce, redisAddress } from "./redis-address.mjs";
import { RedisDatabase } from "./sharedb-redis-database.mjs";

const [address, nodes, store] = process.argv.slice(2);
const { path, password } = redisAddress(address);
const database =
  store === "memory" ? new ShareDB.MemoryDB() : new RedisDatabase(new Redis({ path, password }));
const client = createClient({ socket: { path }, password });
const backend = new ShareDB({ db: database, pubsub: redisPubSub({ client }) });

const graph = {};
for (let n = 0; n < Number(nodes); n += 1) {
  graph[`n${n}`] = { x: 0, y: 0, title: `Node ${n}` };
}
const document = backend.connect().get("graphs", "bench");
await new Promise((resolve, reject) => {
  document.fetch((error) => {
    if (error) return reject(error);
    if (document.type) return resolve();
    document.create(graph, (failure) => (failure ? reject(failure) : resolve()));
  });
});

const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  const stream = new WebSocketJSONStream(socket);
  // A client that vanishes is part of the measurement.
  stream.on("error", () => {});
  backend.listen(stream);
});
server.listen(0, "127.0.0.1", 4096, () => announce(server.address().port));
