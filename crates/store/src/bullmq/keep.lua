-- Keeps a copy of a job that is about to be removed, if it still is where it was.
-- KEYS[1]: the copies. ARGV: the queue's base, the job, its list, how long the copies live in ms,
-- (0 makes none and only looks), and how many bytes they may have together.
-- Gives back 'kept', 'moved' (it is not there any more), 'flow' (its removal would change a parent
-- or children), 'scheduler' (it is a scheduler's next run) or 'full'.
local base, id, list = ARGV[1], ARGV[2], ARGV[3]
local key = base .. id
if redis.call('TYPE', key).ok ~= 'hash' then return 'moved' end
if redis.call('EXISTS', key .. ':lock') == 1 then return 'moved' end
local score = false
for _, sorted in ipairs({ 'failed', 'completed', 'delayed', 'prioritized', 'waiting-children' }) do
    local found = redis.call('ZSCORE', base .. sorted, id)
    if found then
        if sorted ~= list then return 'moved' end
        score = found
    end
end
if list == 'wait' then
    -- A worker that died leaves its job without a lock.
    if redis.call('LPOS', base .. 'active', id) then return 'moved' end
elseif not score then
    return 'moved'
end
if redis.call('HEXISTS', key, 'parentKey') == 1
    or redis.call('EXISTS', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful') > 0 then
    return 'flow'
end
local scheduler = redis.call('HGET', key, 'rjk')
if scheduler then
    local next = redis.call('ZSCORE', base .. 'repeat', scheduler)
    if next and id == 'repeat:' .. scheduler .. ':' .. next then return 'scheduler' end
end
if ARGV[4] == '0' then return 'kept' end
local copy = cmsgpack.pack({ id, list, score, redis.call('DUMP', key), redis.call('DUMP', key .. ':logs') })
local bytes = tonumber(redis.call('GET', KEYS[1] .. ':bytes') or '0') + #copy
if bytes > tonumber(ARGV[5]) then return 'full' end
redis.call('RPUSH', KEYS[1], copy)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[1] .. ':bytes', bytes, 'PX', ARGV[4])
return 'kept'
