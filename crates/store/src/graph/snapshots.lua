-- Keeps a snapshot of a graph, and removes the oldest ones until all have room.
--
-- KEYS: state snapshots snapshots:data
-- ARGV: epoch, id, row (JSON with "at" and "bytes"), copy, most snapshots, most bytes
-- Returns 0 if the graph is gone or lives another life, else 1.

local state = redis.call("HMGET", KEYS[1], "epoch", "deleted")
if state[1] ~= ARGV[1] or state[2] then
    return 0
end
if redis.call("HEXISTS", KEYS[2], ARGV[2]) == 1 then
    return 1
end
redis.call("HSET", KEYS[2], ARGV[2], ARGV[3])
redis.call("HSET", KEYS[3], ARGV[2], ARGV[4])

-- The rows are our own and small, so they may be decoded here: only two numbers are read.
local rows = redis.call("HGETALL", KEYS[2])
local all, bytes = {}, 0
for i = 1, #rows, 2 do
    local row = cjson.decode(rows[i + 1])
    all[#all + 1] = { id = rows[i], at = row.at, bytes = row.bytes }
    bytes = bytes + row.bytes
end
table.sort(all, function(a, b)
    if a.at ~= b.at then
        return a.at < b.at
    end
    return a.id < b.id
end)
local count = #all
for _, one in ipairs(all) do
    if count <= tonumber(ARGV[5]) and bytes <= tonumber(ARGV[6]) then
        break
    end
    if one.id ~= ARGV[2] then
        redis.call("HDEL", KEYS[2], one.id)
        redis.call("HDEL", KEYS[3], one.id)
        count, bytes = count - 1, bytes - one.bytes
    end
end
return 1
