-- Makes a graph's state if there is none.
--
-- KEYS: state   ARGV: epoch, name, owner, now (ms)
-- Returns 1 if it was made, 0 if there is one (also one that was deleted a short time ago).
if redis.call("EXISTS", KEYS[1]) == 1 then
    return 0
end
redis.call("HSET", KEYS[1], "epoch", ARGV[1], "version", 0, "checksum", "0000000000000000",
    "name", ARGV[2], "ownerId", ARGV[3], "createdAt", ARGV[4], "lastModified", ARGV[4],
    "authority", "v2", "nodeCount", 0, "edgeCount", 0)
return 1
