-- Puts copies of removed jobs back, the last one first.
-- KEYS[1]: the copies. ARGV: the queue's base, how many copies, now in ms.
-- Gives back how many were put back, how many were not as a job of that id exists, and how many
-- copies are left.
local base, now = ARGV[1], ARGV[3]
local back, skipped = 0, 0
local meta = redis.call('HMGET', base .. 'meta', 'paused', 'concurrency', 'opts.maxLenEvents')
local resting = meta[1] or (meta[2] and redis.call('LLEN', base .. 'active') >= tonumber(meta[2]))
for _ = 1, tonumber(ARGV[2]) do
    local raw = redis.call('LINDEX', KEYS[1], -1)
    if not raw then break end
    local copy = cmsgpack.unpack(raw)
    local id, list, score, hash, logs = copy[1], copy[2], copy[3], copy[4], copy[5]
    local key = base .. id
    if redis.call('EXISTS', key) == 1 then
        skipped = skipped + 1
    else
        redis.call('RESTORE', key, 0, hash)
        if logs then redis.call('RESTORE', key .. ':logs', 0, logs, 'REPLACE') end
        local event = 'waiting'
        if list == 'wait' then
            redis.call('RPUSH', base .. 'wait', id)
        else
            redis.call('ZADD', base .. list, score, id)
        end
        if list == 'delayed' then
            event = 'delayed'
            local first = redis.call('ZRANGE', base .. 'delayed', 0, 0, 'WITHSCORES')
            redis.call('ZADD', base .. 'marker', math.floor(tonumber(first[2]) / 4096), '1')
        elseif list == 'wait' or list == 'prioritized' then
            if not resting then redis.call('ZADD', base .. 'marker', 0, '0') end
        else
            event = false
        end
        if event then
            local fields = { 'event', event, 'jobId', id }
            if event == 'delayed' then
                fields[5], fields[6] = 'delay', string.format('%.0f', math.floor(tonumber(score) / 4096))
            end
            redis.call('XADD', base .. 'events', 'MAXLEN', '~', meta[3] or 10000, '*', unpack(fields))
        end
        back = back + 1
    end
    redis.call('RPOP', KEYS[1])
end
local left = redis.call('LLEN', KEYS[1])
if left == 0 then redis.call('DEL', KEYS[1] .. ':bytes') end
return { back, skipped, left }
