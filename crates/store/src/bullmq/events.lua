-- Looks through a stream of events, within bounds on entries and bytes.
-- KEYS[1]: the stream. ARGV: 'after' or 'before', an id, how many entries are looked at, how many
-- bytes they may have, and a job whose events alone are wanted, or nothing.
-- Gives back the last id looked at, how many were looked at, whether the end was reached, and of
-- each entry: id, event, job, and the further fields that people are shown.
local after = ARGV[1] == 'after'
local at = ARGV[2]
local left = tonumber(ARGV[3])
local bytes_left = tonumber(ARGV[4])
local only = ARGV[5]
local found = {}
local looked = 0
local ended = 0
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'stream' then return { at, 0, 1, found } end
while left > 0 and bytes_left > 0 do
    local count = math.min(left, 25)
    local page
    if after then
        page = redis.call('XRANGE', KEYS[1], '(' .. at, '+', 'COUNT', count)
    else
        local last = at == '+' and '+' or '(' .. at
        page = redis.call('XREVRANGE', KEYS[1], last, '-', 'COUNT', count)
    end
    for _, entry in ipairs(page) do
        local fields = {}
        for place = 1, #entry[2], 2 do
            local value = entry[2][place + 1]
            bytes_left = bytes_left - #value - 32
            fields[entry[2][place]] = value
        end
        at = entry[1]
        looked = looked + 1
        if only == '' or fields.jobId == only then
            local detail = false
            if only ~= '' then
                detail = fields.failedReason or fields.data or fields.delay or fields.prev or false
                if detail then detail = string.sub(detail, 1, 300) end
            end
            found[#found + 1] = {
                at, string.sub(fields.event or '', 1, 64), string.sub(fields.jobId or '', 1, 512), detail
            }
        end
    end
    left = left - #page
    if #page < count then ended = 1 break end
end
return { at, looked, ended, found }
