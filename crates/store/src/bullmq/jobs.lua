-- Reads the hashes of jobs, cut where they are long.
-- KEYS: the hashes. ARGV: how many bytes of the data are wanted, up to which size data are read at
-- all, how many bytes of any other text are wanted, 1 if the name of the graph in the data is
-- wanted, and the names of the other fields.
local data_bytes = tonumber(ARGV[1])
local read_bytes = tonumber(ARGV[2])
local text_bytes = tonumber(ARGV[3])
local graph_wanted = ARGV[4] == '1'
local fields = { unpack(ARGV, 5) }
local rows = {}
for place, key in ipairs(KEYS) do
    local values = redis.pcall('HMGET', key, unpack(fields))
    local row = false
    if not values.err and (values[1] or values[2]) then
        local length = redis.call('HSTRLEN', key, 'data')
        local data, graph = false, false
        if (data_bytes > 0 or graph_wanted) and length <= read_bytes then
            data = redis.call('HGET', key, 'data')
            if data and graph_wanted then
                graph = string.match(data, '"graphId"%s*:%s*"([%w_:.%-]+)"') or false
            end
            if data then data = string.sub(data, 1, data_bytes) end
        end
        row = { length, data, graph }
        for at = 1, #fields do
            local value = values[at]
            row[at + 3] = value and string.sub(value, 1, text_bytes) or false
        end
    end
    rows[place] = row
end
return rows
