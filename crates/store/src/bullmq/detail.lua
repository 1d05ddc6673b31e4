-- Reads one job's hash, each value with its length and cut where it is long.
-- KEYS[1]: the hash. ARGV: how many bytes of a value are wanted, and the names of the fields.
local bytes = tonumber(ARGV[1])
local fields = { unpack(ARGV, 2) }
local values = redis.pcall('HMGET', KEYS[1], unpack(fields))
if values.err then return {} end
local found = {}
for at = 1, #fields do
    local value = values[at]
    found[at] = value and { #value, string.sub(value, 1, bytes) } or false
end
return found
