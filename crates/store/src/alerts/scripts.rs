//! The scripts of the alerts. All their keys carry one hash tag.

use std::sync::LazyLock;

use redis::Script;

/// KEYS lease, revision, values; ARGV node, life, low, its values.
pub(super) static TICK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local holder = redis.call('GET', KEYS[1])
        local revision = tonumber(redis.call('GET', KEYS[2]) or '0')
        if holder and holder ~= ARGV[1] then
            if ARGV[4] ~= '' then
                redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
                redis.call('PEXPIRE', KEYS[3], 60000)
            end
            return {0, revision, {}}
        end
        if not holder or redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        end
        if not holder then redis.call('HDEL', KEYS[3], ARGV[1]) end
        return {1, revision, redis.call('HGETALL', KEYS[3])}",
    )
});

/// KEYS lease, values; ARGV node.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('HDEL', KEYS[2], ARGV[1])
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0",
    )
});

/// KEYS revision, rules, states, snoozes, acknowledged, event count, events, webhook.
pub(super) static READ: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "return {
            tonumber(redis.call('GET', KEYS[1]) or '0'),
            redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
            redis.call('HGETALL', KEYS[4]), redis.call('HGETALL', KEYS[5]),
            tonumber(redis.call('GET', KEYS[6]) or '0'),
            redis.call('HGETALL', KEYS[7]), redis.call('HGETALL', KEYS[8]),
        }",
    )
});

/// KEYS rules, revision; ARGV rule, text, most.
pub(super) static SAVE_RULE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
            and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        redis.call('INCR', KEYS[2])
        return 1",
    )
});

/// KEYS webhook, revision; ARGV url, delivered at, error.
pub(super) static WEBHOOK_SAID: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HGET', KEYS[1], 'url') ~= ARGV[1] then return 0 end
        if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'deliveredAt', ARGV[2]) end
        if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'error', ARGV[3])
        else redis.call('HDEL', KEYS[1], 'error') end
        redis.call('INCR', KEYS[2])
        return 1",
    )
});

/// KEYS lease, revision, states, events, event count, acknowledged, deliveries;
/// ARGV node, rule, state, event, its text, delivery, most events, most deliveries.
pub(super) static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        if ARGV[4] ~= '' then
            local id = tonumber(ARGV[4])
            local count = tonumber(redis.call('GET', KEYS[5]) or '0')
            if id > count + 1 then return 0 end
            if id == count + 1 then
                if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then return 0 end
                redis.call('SET', KEYS[5], id)
                redis.call('HDEL', KEYS[4], id - tonumber(ARGV[7]))
                redis.call('HDEL', KEYS[6], id - tonumber(ARGV[7]))
            end
            redis.call('HSET', KEYS[4], id, ARGV[5])
        end
        if ARGV[3] == '' then redis.call('HDEL', KEYS[3], ARGV[2])
        else redis.call('HSET', KEYS[3], ARGV[2], ARGV[3]) end
        if ARGV[6] ~= '' then
            redis.call('RPUSH', KEYS[7], ARGV[6])
            redis.call('LTRIM', KEYS[7], -tonumber(ARGV[8]), -1)
        end
        redis.call('INCR', KEYS[2])
        return 1",
    )
});
