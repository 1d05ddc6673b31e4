-- Writes one decided batch, or nothing.
--
-- Entities, outcomes and history entries are opaque texts here. Everything is checked before the
-- first write, because a script that fails midway is not rolled back; PUBLISH comes last, because
-- it succeeds even where writes are refused.
--
-- KEYS: state nodes edges viewport versions clients operations applied applied:times tombstones
--       acl conflicts conflicts:open conflicts:closed progress snapshots snapshots:data
-- ARGV: epoch, expected version, new version, checksum, node count, edge count, now (ms), channel,
--       message, fate ("keep" | "delete"), then lists, each led by the number of its texts:
--       operation ids and outcomes, nodes, edges, viewports, seqs, history entries, tombstones,
--       fields of the state, grants (a role, or nothing), opened conflicts, settled conflicts
-- Returns {"ok"}, {"gone"}, {"authority"}, {"epoch", epoch}, {"behind", version, entries...} or
--         {"known", id, outcome, ...}

local state, nodes, edges, viewport, versions = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local clients, operations, applied, times, tombstones = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local acl, conflicts, open, closed = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local CHUNK = 1000
local DAY_MS = 86400000

local position = 10
local function list()
    local count = tonumber(ARGV[position + 1])
    local texts = {}
    for i = 1, count do
        texts[i] = ARGV[position + 1 + i]
    end
    position = position + 1 + count
    return texts
end

local function in_chunks(command, key, texts)
    for from = 1, #texts, CHUNK do
        redis.call(command, key, unpack(texts, from, math.min(from + CHUNK - 1, #texts)))
    end
end

local stored = redis.call("HMGET", state, "epoch", "version", "authority", "deleted")
if not stored[1] then
    return { "gone" }
end
if stored[3] ~= "v2" then
    return { "authority" }
end
if stored[1] ~= ARGV[1] then
    return { "epoch", stored[1] }
end

local outcomes = list()
local ids = {}
for i = 1, #outcomes, 2 do
    ids[#ids + 1] = outcomes[i]
end
if #ids > 0 then
    local first = redis.call("HMGET", applied, unpack(ids))
    local known = { "known" }
    for i = 1, #ids do
        if first[i] then
            known[#known + 1] = ids[i]
            known[#known + 1] = first[i]
        end
    end
    if #known > 1 then
        return known
    end
end
if stored[4] then
    return { "gone" }
end
if stored[2] ~= ARGV[2] then
    local reply = { "behind", stored[2] }
    local missed = redis.call("XRANGE", operations, "(" .. ARGV[2] .. "-0", "+", "COUNT", 200)
    for i = 1, #missed do
        reply[#reply + 1] = missed[i][2][2]
    end
    return reply
end

-- Nothing below can refuse.
local now = tonumber(ARGV[7])
if ARGV[10] == "delete" then
    redis.call("UNLINK", nodes, edges, viewport, versions, clients, operations, tombstones, acl,
        conflicts, open, closed, KEYS[15], KEYS[16], KEYS[17])
    redis.call("HSET", state, "version", ARGV[3], "checksum", ARGV[4], "lastModified", ARGV[7],
        "nodeCount", 0, "edgeCount", 0, "openConflicts", 0, "deleted", ARGV[7])
    in_chunks("HSET", applied, outcomes)
    redis.call("PEXPIRE", state, DAY_MS)
    redis.call("PEXPIRE", applied, DAY_MS)
    redis.call("UNLINK", times)
    redis.call("PUBLISH", ARGV[8], ARGV[9])
    return { "ok" }
end

if ARGV[2] ~= ARGV[3] then
    redis.call("HSET", state, "version", ARGV[3], "checksum", ARGV[4], "lastModified", ARGV[7],
        "nodeCount", ARGV[5], "edgeCount", ARGV[6])
end
in_chunks("HSET", applied, outcomes)
local dated = {}
for i = 1, #ids do
    dated[2 * i - 1], dated[2 * i] = ARGV[7], ids[i]
end
in_chunks("ZADD", times, dated)
in_chunks("HSET", nodes, list())
in_chunks("HSET", edges, list())
in_chunks("HSET", viewport, list())
local seqs = list()
for i = 1, #seqs, 2 do
    local last = tonumber(redis.call("HGET", versions, seqs[i]) or "0")
    if last < tonumber(seqs[i + 1]) then
        redis.call("HSET", versions, seqs[i], seqs[i + 1])
    end
    redis.call("ZADD", clients, now, seqs[i])
end
local entries = list()
for i = 1, #entries, 2 do
    redis.call("XADD", operations, entries[i] .. "-0", "o", entries[i + 1], "t", ARGV[7])
end
local buried = list()
for i = #buried, 1, -1 do
    buried[2 * i - 1], buried[2 * i] = ARGV[7], buried[i]
end
in_chunks("ZADD", tombstones, buried)
in_chunks("HSET", state, list())
local grants = list()
for i = 1, #grants, 2 do
    if grants[i + 1] == "" then
        redis.call("HDEL", acl, grants[i])
    else
        redis.call("HSET", acl, grants[i], grants[i + 1])
    end
end
local opened, settled = list(), list()
in_chunks("HSET", conflicts, opened)
in_chunks("HSET", conflicts, settled)
for i = 1, #opened, 2 do
    redis.call("ZADD", open, now, opened[i])
end
for i = 1, #settled, 2 do
    redis.call("ZREM", open, settled[i])
    redis.call("ZADD", closed, now, settled[i])
end
if #opened + #settled > 0 then
    redis.call("HSET", state, "openConflicts", redis.call("ZCARD", open))
end

-- Keeping house, a bounded piece with every batch.
local function expire(index, hash, before, most)
    local old = redis.call("ZRANGEBYSCORE", index, "-inf", before, "LIMIT", 0, most)
    if #old > 0 then
        redis.call("HDEL", hash, unpack(old))
        redis.call("ZREM", index, unpack(old))
    end
end
expire(times, applied, now - DAY_MS, 200)
local surplus = redis.call("ZCARD", times) - 100000
if surplus > 0 then
    local old = redis.call("ZRANGE", times, 0, math.min(surplus, 200) - 1)
    redis.call("HDEL", applied, unpack(old))
    redis.call("ZREM", times, unpack(old))
end
expire(clients, versions, now - 30 * DAY_MS, 20)
if #settled > 0 then
    expire(closed, conflicts, now - 30 * DAY_MS, 20)
    local over = redis.call("ZCARD", closed) - 1000
    if over > 0 then
        local old = redis.call("ZRANGE", closed, 0, math.min(over, 200) - 1)
        redis.call("HDEL", conflicts, unpack(old))
        redis.call("ZREM", closed, unpack(old))
    end
end
local graves = redis.call("ZRANGEBYSCORE", tombstones, "-inf", now - 300000, "LIMIT", 0, 50)
for i = 1, #graves do
    local hash = string.sub(graves[i], 1, 1) == "n" and nodes or edges
    local id = string.sub(graves[i], 3)
    local record = redis.call("HGET", hash, id)
    if record and string.find(record, '^{"v":%d+,"d":') then
        redis.call("HDEL", hash, id)
    end
    redis.call("ZREM", tombstones, graves[i])
end
local length = redis.call("XLEN", operations)
if length > 10000 and #entries > 0 then
    local oldest = redis.call("XRANGE", operations, "-", "+", "COUNT", 1)[1]
    local age = now - tonumber(oldest[2][4])
    if length > 500000 or age > 900000 then
        redis.call("XTRIM", operations, "MAXLEN", math.max(10000, length - 200))
    end
end

redis.call("PUBLISH", ARGV[8], ARGV[9])
return { "ok" }
