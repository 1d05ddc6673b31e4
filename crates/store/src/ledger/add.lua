-- Adds what a node counted to the slots of a moment.
-- KEYS: the slots of each size, then what was heard last
-- ARGV: now, measured since, ready since (or ''), number of sums, the life of each slot,
--       then field and value of each sum, then field and value of each peak
local now = ARGV[1]
local function cover(key, field, since)
  local last = tonumber(redis.call('HGET', key, field .. '.until') or '0')
  local new = tonumber(now) - math.max(tonumber(since), last)
  if new > 0 then
    redis.call('HINCRBY', key, field .. '.ms', string.format('%d', new))
    redis.call('HSET', key, field .. '.until', now)
  end
end
local slots = #KEYS - 1
local sums = 5 + slots
local peaks = sums + 2 * tonumber(ARGV[4])
for slot = 1, slots do
  local key = KEYS[slot]
  cover(key, 'measured', ARGV[2])
  if ARGV[3] ~= '' then cover(key, 'ready', ARGV[3]) end
  for at = sums, peaks - 1, 2 do
    redis.call('HINCRBYFLOAT', key, ARGV[at], ARGV[at + 1])
  end
  for at = peaks, #ARGV, 2 do
    local known = redis.call('HGET', key, ARGV[at])
    if not known or tonumber(known) < tonumber(ARGV[at + 1]) then
      redis.call('HSET', key, ARGV[at], ARGV[at + 1])
    end
  end
  redis.call('EXPIRE', key, ARGV[4 + slot])
end
redis.call('HSET', KEYS[#KEYS], 'at', now, 'stopped', '0')
return 1
