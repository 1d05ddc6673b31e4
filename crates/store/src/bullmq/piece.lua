-- Reads a piece of a value. KEYS[1]: the hash. ARGV: the field, the first byte from 1, how many.
local value = redis.pcall('HGET', KEYS[1], ARGV[1])
if type(value) ~= 'string' then return false end
local first = tonumber(ARGV[2])
return { #value, string.sub(value, first, first + tonumber(ARGV[3]) - 1) }
