// As much of D-Bus as a small service needs, over a plain socket: saying who one is, taking a name,
// reading what is called and answering it. Little-endian messages only, as this machine writes them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';

const TYPE = { call: 1, answer: 2, error: 3, signal: 4 };
const FIELD = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, to: 6, from: 7, signature: 8 };
const FIELD_TYPE = { 1: 'o', 5: 'u', 8: 'g' };
const BUS = 'org.freedesktop.DBus';
const HEAD_BYTES = 16;
const PRIMARY_OWNER = 1;
const DO_NOT_QUEUE = 4;

/** Where the session's bus listens. */
function addressOf(text) {
  const [, kind, place] = /^unix:(?:[^;]*,)?(path|abstract)=([^,;]+)/.exec(text ?? '') ?? [];
  assert.ok(place, `DBUS_SESSION_BUS_ADDRESS names no socket: ${text}`);
  return kind === 'abstract' ? `\0${place}` : place;
}

/**
 * Owns a name on the session's bus. `answer` gets each call ({path, interface, member, values}) and
 * gives what to answer, as `[signature, ...values]`; or undefined for a method that it does not know.
 */
export async function ownName(name, answer) {
  const socket = connect(addressOf(process.env.DBUS_SESSION_BUS_ADDRESS));
  await once(socket, 'connect');
  const user = Buffer.from(String(process.getuid())).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
  const [greeting] = await once(socket, 'data');
  assert.match(greeting.toString(), /^OK /, 'the bus lets us in');
  socket.write('BEGIN\r\n');

  let serial = 0;
  const waiting = new Map();
  const send = (type, fields, body = ['']) => {
    serial += 1;
    socket.write(message(type, serial, fields, body));
    return serial;
  };
  const take = (heard) => {
    if (heard.type === TYPE.answer || heard.type === TYPE.error) {
      waiting.get(heard.replyTo)?.(heard);
      waiting.delete(heard.replyTo);
    }
    if (heard.type !== TYPE.call) return;
    const back = { to: heard.from, replyTo: heard.serial };
    const said = answer(heard);
    if (said) send(TYPE.answer, back, said);
    else send(TYPE.error, { ...back, error: `${BUS}.Error.UnknownMethod` }, ['s', heard.member]);
  };
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let size = sizeOf(rest); size <= rest.length; size = sizeOf(rest)) {
      take(read(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
  });
  const ask = async (member, ...body) => {
    const fields = { path: '/org/freedesktop/DBus', interface: BUS, member, to: BUS };
    const asked = send(TYPE.call, fields, body.length > 0 ? body : ['']);
    const heard = await new Promise((resolve) => waiting.set(asked, resolve));
    assert.equal(heard.type, TYPE.answer, `${member}: ${heard.error} ${heard.values.join(' ')}`);
    return heard.values;
  };
  await ask('Hello');
  const [owner] = await ask('RequestName', 'su', name, DO_NOT_QUEUE);
  assert.equal(owner, PRIMARY_OWNER, `${name} is ours`);
  return { close: () => socket.destroy() };
}

/** How many bytes the first message has; infinitely many while that is not known. */
function sizeOf(bytes) {
  if (bytes.length < HEAD_BYTES) return Number.POSITIVE_INFINITY;
  const fields = HEAD_BYTES + bytes.readUInt32LE(12);
  return aligned(fields, 8) + bytes.readUInt32LE(4);
}

function read(bytes) {
  assert.equal(String.fromCharCode(bytes[0]), 'l', 'a little-endian message');
  const head = new Reader(bytes, 12);
  const [fields] = head.values('a(yv)');
  const names = Object.entries(FIELD);
  const named = fields.map(([code, value]) => [names.find(([, own]) => own === code)?.[0], value]);
  const heard = { type: bytes[1], serial: bytes.readUInt32LE(8), ...Object.fromEntries(named) };
  const body = new Reader(bytes, aligned(head.at, 8));
  return { ...heard, values: body.values(heard.signature ?? '') };
}

function message(type, serial, fields, [signature, ...values]) {
  const body = new Writer();
  [...signature].forEach((kind, index) => {
    body.value(kind, values[index]);
  });
  const all = { ...fields, ...(signature ? { signature } : {}) };
  const list = new Writer();
  for (const [name, value] of Object.entries(all)) {
    const kind = FIELD_TYPE[FIELD[name]] ?? 's';
    list.align(8);
    list.value('y', FIELD[name]);
    list.value('g', kind);
    list.value(kind, value);
  }
  const head = new Writer();
  for (const byte of ['l'.charCodeAt(0), type, 0, 1]) head.value('y', byte);
  head.value('u', body.bytes.length);
  head.value('u', serial);
  head.value('u', list.bytes.length);
  head.bytes.push(...list.bytes);
  head.align(8);
  return Buffer.from([...head.bytes, ...body.bytes]);
}

function aligned(at, size) {
  return Math.ceil(at / size) * size;
}

const SIZE = { y: 1, g: 1, v: 1, n: 2, q: 2, i: 4, u: 4, b: 4, s: 4, o: 4, a: 4, x: 8, t: 8, d: 8 };
const NUMBER = {
  y: 'readUInt8',
  n: 'readInt16LE',
  q: 'readUInt16LE',
  i: 'readInt32LE',
  u: 'readUInt32LE',
  b: 'readUInt32LE',
  x: 'readBigInt64LE',
  t: 'readBigUInt64LE',
  d: 'readDoubleLE',
};

/** The length of the first whole type of a signature. */
function typeLength(signature) {
  if (signature[0] === 'a') return 1 + typeLength(signature.slice(1));
  if (signature[0] !== '(' && signature[0] !== '{') return 1;
  let depth = 0;
  return 1 + [...signature].findIndex((letter) => {
    depth += Number('({'.includes(letter)) - Number(')}'.includes(letter));
    return depth === 0;
  });
}

class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  values(signature) {
    const values = [];
    for (let rest = signature; rest !== ''; rest = rest.slice(typeLength(rest))) {
      values.push(this.value(rest.slice(0, typeLength(rest))));
    }
    return values;
  }

  value(type) {
    this.at = aligned(this.at, SIZE[type[0]] ?? 8);
    if (type[0] === '(' || type[0] === '{') return this.values(type.slice(1, -1));
    if (type[0] === 'a') return this.array(type.slice(1));
    if (type === 'v') return this.value(this.value('g'));
    if (type === 's' || type === 'o') return this.text(this.value('u'));
    if (type === 'g') return this.text(this.value('y'));
    const value = this.bytes[NUMBER[type]](this.at);
    this.at += SIZE[type];
    return value;
  }

  array(type) {
    const bytes = this.value('u');
    this.at = aligned(this.at, SIZE[type[0]] ?? 8);
    const values = [];
    for (const end = this.at + bytes; this.at < end; ) values.push(this.value(type));
    return values;
  }

  text(bytes) {
    const text = this.bytes.toString('utf8', this.at, this.at + bytes);
    this.at += bytes + 1;
    return text;
  }
}

class Writer {
  bytes = [];

  align(size) {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
  }

  value(kind, value) {
    if (kind === 'y') {
      this.bytes.push(value);
    } else if (kind === 'u') {
      this.align(4);
      this.bytes.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
    } else {
      const text = Buffer.from(value);
      this.value(kind === 'g' ? 'y' : 'u', text.length);
      this.bytes.push(...text, 0);
    }
  }
}
