-- Reads the newest lines of a list, each cut where it is long.
-- KEYS[1]: the list. ARGV: how many lines, how many bytes of each.
local lines = redis.pcall('LRANGE', KEYS[1], -tonumber(ARGV[1]), -1)
if lines.err then return { 0, {} } end
for at, line in ipairs(lines) do
    lines[at] = string.sub(line, 1, tonumber(ARGV[2]))
end
return { redis.call('LLEN', KEYS[1]), lines }
