// A queue of another program: the keys that a BullMQ producer leaves, written by hand, so that no
// worker of ours ever touches them.

import { connect } from 'node:net';

/** A connection and how to log in, for `redis+unix:///…?pass=` and `redis://` addresses. */
function reach(url) {
  const unix = url.protocol === 'redis+unix:';
  const password = unix ? url.searchParams.get('pass') : decodeURIComponent(url.password);
  const name = unix ? url.searchParams.get('user') : url.username;
  const login = password ? [['AUTH', ...(name ? [name] : []), password]] : [];
  const socket = unix ? connect(url.pathname) : connect(Number(url.port), url.hostname);
  return { socket, login };
}

/** Sends commands to the node's Redis, all at once, and gives their answers as text. */
async function redis(url, commands) {
  const { socket, login } = reach(new URL(url));
  const all = [...login, ...commands];
  const bulk = (word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`;
  const lines = all.map((command) => `*${command.length}\r\n${command.map(bulk).join('')}`);
  socket.write(`${lines.join('')}*1\r\n$4\r\nQUIT\r\n`);
  let answer = '';
  for await (const data of socket) answer += data;
  const refusal = answer.split('\r\n').find((line) => line.startsWith('-'));
  if (refusal !== undefined) throw new Error(`redis refused: ${refusal}`);
  return answer;
}

function job(key, id, fields) {
  const all = { name: 'letter', data: '{}', opts: '{"attempts":1}', delay: 0, priority: 0, ...fields };
  return ['HSET', `${key}:${id}`, ...Object.entries(all).flat()];
}

/** Puts a queue there with jobs that wait and jobs that failed; returns what the keys begin with. */
export async function foreignQueue(node, queue, { waiting = 0, failed = [], prefix = 'shop' }) {
  const key = `${prefix}:${queue}`;
  const now = Date.now();
  const commands = [
    ['HSET', `${key}:meta`, 'opts.maxLenEvents', 10000, 'version', 'bullmq:6.7.0'],
    ['SET', `${key}:id`, waiting + failed.length],
  ];
  for (let index = 1; index <= waiting; index += 1) {
    const data = JSON.stringify({ to: `person${index}@example.org` });
    const name = index % 2 === 0 ? 'parcel' : 'letter';
    commands.push(job(key, index, { name, data, timestamp: now - 60_000 + index }));
    commands.push(['LPUSH', `${key}:wait`, index]);
  }
  for (const [index, reason] of failed.entries()) {
    const id = waiting + index + 1;
    const at = now - 1_000 * index;
    const ended = { processedOn: at - 5, finishedOn: at, atm: 1, ats: 1 };
    const data = JSON.stringify({ street: index });
    const stacktrace = JSON.stringify([`Error: ${reason}\n    at deliver (mail.js:1:1)`]);
    const fields = { data, timestamp: at - 500, failedReason: reason, stacktrace, ...ended };
    commands.push(job(key, id, fields), ['ZADD', `${key}:failed`, at, id]);
  }
  await redis(node.redisUrl, commands);
  return prefix;
}

/** Puts one job with these data at the end of the queue. */
export async function foreignJob(node, { prefix = 'shop', queue, id, data }) {
  const key = `${prefix}:${queue}`;
  const fields = { data, timestamp: Date.now() };
  await redis(node.redisUrl, [job(key, id, fields), ['LPUSH', `${key}:wait`, id]]);
}

/** Takes the queues of other programs away. */
export async function clearForeign(node, prefix = 'shop') {
  const script =
    "local at='0' repeat local r=redis.call('SCAN',at,'MATCH',ARGV[1]..':*','COUNT',1000) at=r[1] " +
    "for _,k in ipairs(r[2]) do redis.call('UNLINK',k) end until at=='0' return 1";
  await redis(node.redisUrl, [['EVAL', script, 0, prefix]]);
}
