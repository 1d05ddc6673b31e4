//! The whole table of error replies, as texts from a real parser.

use redis::{RedisResult, Value, from_redis_value, parse_redis_value};

use super::*;

/// Parses a reply as the wire brings it and returns the error that a caller gets.
fn reply(wire: &str) -> RedisError {
    let result: RedisResult<Value> =
        parse_redis_value(wire.as_bytes()).and_then(Value::extract_error);
    result.expect_err("an error reply")
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of replies")]
fn every_known_reply_has_its_class() {
    use ReplyClass::*;
    let table = [
        (
            "-LOADING Redis is loading the dataset in memory",
            retry_ms(100),
        ),
        ("-BUSY Redis is busy running a script", retry_ms(50)),
        (
            "-TRYAGAIN Multiple keys request during rehashing of slot",
            retry_ms(50),
        ),
        ("-CLUSTERDOWN The cluster is down", retry_ms(200)),
        ("-MASTERDOWN Link with MASTER is down", retry_ms(200)),
        (
            "-NOREPLICAS Not enough good replicas to write.",
            refused_ms(200),
        ),
        (
            "-MISCONF Errors writing to the AOF file: No space left on device",
            refused_ms(200),
        ),
        (
            "-READONLY You can't write against a read only replica.",
            Reconnect,
        ),
        (
            "-UNBLOCKED force unblock from blocking operation",
            Reconnect,
        ),
        (
            "-OOM command not allowed when used memory > 'maxmemory'.",
            StorageFull,
        ),
        ("-NOAUTH Authentication required.", Permission),
        (
            "-WRONGPASS invalid username-password pair or user is disabled.",
            Permission,
        ),
        (
            "-NOPERM User has no permissions to run the 'get' command",
            Permission,
        ),
        ("-ERR invalid password", Permission),
        ("-NOSCRIPT No matching script. Please use EVAL.", NoScript),
        (
            "-NOGROUP No such key 'x' or consumer group 'y'",
            GroupMissing,
        ),
        ("-BUSYGROUP Consumer Group name already exists", GroupExists),
        ("-MOVED 3999 127.0.0.1:6381", Redirect),
        ("-ASK 3999 127.0.0.1:6381", Redirect),
        ("-ERR max number of clients reached", retry_ms(500)),
        ("-ERR syntax error", Bug),
        (
            "-ERR user_script:3: attempt to index a nil value script: 3c1, on @user_script:3.",
            Bug,
        ),
        (
            "-CROSSSLOT Keys in request don't hash to the same slot",
            Bug,
        ),
        (
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
            Bug,
        ),
        (
            "-EXECABORT Transaction discarded because of previous errors.",
            Bug,
        ),
        ("-NOTBUSY No scripts in execution right now.", Bug),
        (
            "-UNKILLABLE Sorry the script already executed write commands",
            Bug,
        ),
        ("-NOSUB 'unsubscribe' outside of a subscription", Bug),
        ("-SOMETHINGNEW that no release has yet", Bug),
    ];
    for (wire, class) in table {
        assert_eq!(classify(&reply(&format!("{wire}\r\n"))), class, "{wire}");
    }
}

#[test]
fn failures_of_the_connection_leave_the_outcome_unknown() {
    for kind in [
        io::ErrorKind::TimedOut,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::ConnectionRefused,
    ] {
        assert_eq!(
            classify(&io::Error::from(kind).into()),
            ReplyClass::Unknown,
            "{kind}"
        );
    }
    let garbled = parse_redis_value(b"?what\r\n").expect_err("no reply starts so");
    assert_eq!(classify(&garbled), ReplyClass::Unknown);
}

#[test]
fn what_was_never_sent_is_known_not_to_be_applied() {
    for reason in [NotSent::Disconnected, NotSent::Overloaded] {
        let error = RedisError::from(reason);
        assert_eq!(classify(&error), ReplyClass::NotSent);
        assert_eq!(classify(&error.clone()), ReplyClass::NotSent);
        assert!(!classify(&error).may_be_applied());
    }
}

#[test]
fn errors_of_the_client_itself() {
    let login = RedisError::from((ErrorKind::AuthenticationFailed, "no"));
    assert_eq!(classify(&login), ReplyClass::Permission);
    let number: RedisResult<u64> =
        from_redis_value(Value::SimpleString("x".into())).map_err(RedisError::from);
    assert_eq!(
        classify(&number.expect_err("not a number")),
        ReplyClass::Unknown
    );
    let config = RedisError::from((ErrorKind::InvalidClientConfig, "no"));
    assert_eq!(classify(&config), ReplyClass::Bug);
}

#[test]
fn the_classes_say_what_may_be_done() {
    assert!(ReplyClass::Unknown.is_retryable() && ReplyClass::Unknown.may_be_applied());
    assert!(!ReplyClass::StorageFull.is_retryable());
    assert!(!ReplyClass::Permission.is_retryable());
    assert_eq!(retry_ms(100).retry_after(), Duration::from_millis(100));
}
