-- Appends operations to a stream of the bridge, each at most once.
--
-- KEYS: stream, epochs
-- ARGV: graph, epoch, length, then version and text of each operation, in order
-- Returns the versions that were appended, then the last version of the stream.

local epoch = redis.call("HGET", KEYS[2], ARGV[1])
if epoch ~= ARGV[2] then
    -- Versions of another life of the graph would not be in order with these.
    redis.call("DEL", KEYS[1])
    redis.call("HSET", KEYS[2], ARGV[1], ARGV[2])
end
if redis.call("EXISTS", KEYS[1]) == 0 then
    redis.call("XGROUP", "CREATE", KEYS[1], "processors", "$", "MKSTREAM")
end
local last = 0
local info = redis.call("XINFO", "STREAM", KEYS[1])
for i = 1, #info, 2 do
    if info[i] == "last-generated-id" then
        last = tonumber(string.match(info[i + 1], "^(%d+)"))
    end
end
local appended = {}
for i = 4, #ARGV, 2 do
    local version = tonumber(ARGV[i])
    if version > last then
        redis.call("XADD", KEYS[1], "MAXLEN", "~", ARGV[3], ARGV[i] .. "-0", "operation", ARGV[i + 1])
        appended[#appended + 1] = version
        last = version
    end
end
appended[#appended + 1] = last
return appended
