//! The self-healing link, against a real server.

use std::time::Duration;

use graphy_store::testing::{TestRedis, until};
use graphy_store::{
    AckLevel, FsyncPolicy, LinkSettings, RedisLink, RedisUrl, ReplyClass, StoreError,
};
use graphy_telemetry::{TaskRegistry, TaskState};
use redis::AsyncCommands as _;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends PING until it is answered, as a caller that retries does.
async fn until_answered(link: &RedisLink) {
    until("the link is back", async || {
        let mut connection = link.query();
        redis::cmd("PING").exec_async(&mut connection).await.is_ok()
    })
    .await;
}

async fn until_state(link: &RedisLink, connected: bool) {
    let mut states = link.state();
    let wait = states.wait_for(|state| state.is_connected() == connected);
    assert!(
        timeout(PATIENCE, wait).await.is_ok(),
        "waited too long for connected = {connected}"
    );
}

#[tokio::test]
async fn the_ack_level_is_read_from_the_server() {
    let durable = TestRedis::start_with(FsyncPolicy::Always).await;
    assert_eq!(durable.link().await.ack_level(), AckLevel::Durable);
    let applied = TestRedis::start_with(FsyncPolicy::EverySecond).await;
    assert_eq!(applied.link().await.ack_level(), AckLevel::Applied);
}

#[tokio::test]
async fn a_server_that_evicts_is_refused() {
    let redis = TestRedis::start().await;
    let mut connection = redis.link().await.write();
    redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory-policy", "allkeys-lru"])
        .exec_async(&mut connection)
        .await
        .unwrap();
    let tasks = TaskRegistry::default();
    let refused = RedisLink::connect(&redis.url(), LinkSettings::default(), &tasks).await;
    let error = refused.unwrap_err();
    assert!(matches!(&error, StoreError::EvictionPolicy { policy, .. } if policy == "allkeys-lru"));
    // The keepers of the refused link end.
    timeout(PATIENCE, async {
        tasks.ended(PATIENCE).await.expect("both keepers end");
    })
    .await
    .unwrap();
    assert!(
        tasks
            .list()
            .iter()
            .all(|status| status.state == TaskState::Stopped)
    );
}

#[tokio::test]
async fn a_connection_that_is_cut_comes_back() {
    let redis = TestRedis::start().await;
    for url in [redis.url(), redis.tcp_url()] {
        let tasks = TaskRegistry::default();
        let link = RedisLink::connect(&url, LinkSettings::default(), &tasks)
            .await
            .unwrap();
        for _ in 0..3 {
            let mut admin = redis.link().await.blocking().await.unwrap();
            let killed: u64 = redis::cmd("CLIENT")
                .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
                .query_async(&mut admin)
                .await
                .unwrap();
            assert!(killed >= 2, "query and write were cut");
            until_answered(&link).await;
            until("it can write", async || {
                link.write().set::<_, _, ()>("key", "value").await.is_ok()
            })
            .await;
        }
    }
}

#[tokio::test]
async fn the_link_survives_a_restart_of_the_server() {
    let redis = TestRedis::start_with(FsyncPolicy::Always).await;
    let link = redis.link().await;
    link.write().set::<_, _, ()>("kept", 7).await.unwrap();
    redis.signal("KILL");
    until_state(&link, false).await;
    until_state(&link, true).await;
    until_answered(&link).await;
    assert_eq!(link.query().get::<_, u32>("kept").await.unwrap(), 7);
}

#[tokio::test]
async fn a_server_that_hangs_leaves_the_outcome_unknown_and_is_left() {
    let redis = TestRedis::start().await;
    let settings = LinkSettings {
        response_timeout: Duration::from_millis(100),
        connect_timeout: Duration::from_millis(200),
        acquire_wait: Duration::from_millis(50),
        watchdog_interval: Duration::from_millis(50),
        ..LinkSettings::default()
    };
    let link = redis.link_with(settings).await;
    redis.signal("STOP");
    let hung = link.write().set::<_, _, ()>("key", 1).await.unwrap_err();
    assert_eq!(
        graphy_store::reply::classify(&hung),
        ReplyClass::Unknown,
        "{hung}"
    );
    // The watchdog notices without further commands; then nothing is sent any more.
    until_state(&link, false).await;
    let refused = link.write().set::<_, _, ()>("key", 2).await.unwrap_err();
    assert_eq!(
        graphy_store::reply::classify(&refused),
        ReplyClass::NotSent,
        "{refused}"
    );
    redis.signal("CONT");
    until_state(&link, true).await;
    until_answered(&link).await;
}

#[tokio::test]
async fn connecting_fails_at_once_on_a_wrong_password_and_in_time_on_silence() {
    let redis = TestRedis::start().await;
    let wrong = redis
        .tcp_url()
        .expose()
        .replacen("redis://:", "redis://:wrong", 1);
    let wrong: RedisUrl = wrong.parse().unwrap();
    let tasks = TaskRegistry::default();
    let forever = LinkSettings {
        start_wait: Duration::from_secs(600),
        ..LinkSettings::default()
    };
    let refused = timeout(PATIENCE, RedisLink::connect(&wrong, forever, &tasks))
        .await
        .unwrap();
    let error = refused.unwrap_err();
    assert_eq!(error.class(), ReplyClass::Permission, "{error:?}");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");

    let nobody: RedisUrl = "redis+unix:///nonexistent/redis.sock".parse().unwrap();
    let short = LinkSettings {
        start_wait: Duration::from_millis(100),
        ..LinkSettings::default()
    };
    let error = RedisLink::connect(&nobody, short, &tasks)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot connect to redis at redis+unix:///nonexistent")
    );
}

#[tokio::test]
async fn the_probe_reads_the_server_s_own_figures() {
    let redis = TestRedis::start().await;
    let probe = redis.link().await.probe().await.unwrap();
    assert_eq!(probe.info.process_id, redis.pid());
    assert!(probe.info.used_memory_bytes > 100_000, "{probe:?}");
    assert!(probe.info.connected_clients >= 2, "{probe:?}");
    assert!(probe.info.append_only_file.enabled && probe.info.append_only_file.last_write_ok);
    assert!(probe.latency > Duration::ZERO);
}

#[tokio::test]
async fn an_error_inside_a_pipeline_keeps_its_class() {
    let redis = TestRedis::start().await;
    let mut connection = redis.link().await.write();
    redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .exec_async(&mut connection)
        .await
        .unwrap();
    for atomic in [false, true] {
        let mut pipeline = redis::pipe();
        if atomic {
            pipeline.atomic();
        }
        pipeline.set("a", 1).ignore().set("b", 2);
        let error = pipeline
            .query_async::<()>(&mut connection)
            .await
            .unwrap_err();
        assert_eq!(
            graphy_store::reply::classify(&error),
            ReplyClass::StorageFull,
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn publish_and_subscribe_have_their_own_connection() {
    use futures_util::StreamExt as _;
    let redis = TestRedis::start().await;
    let link = redis.link().await;
    let (mut sink, mut messages) = link.pubsub().await.unwrap().split();
    sink.subscribe("news").await.unwrap();
    link.write()
        .publish::<_, _, ()>("news", "hello")
        .await
        .unwrap();
    let message = timeout(PATIENCE, messages.next()).await.unwrap().unwrap();
    assert_eq!(message.get_payload::<String>().unwrap(), "hello");
    // When the server goes, the stream ends: the reader learns that it must subscribe anew.
    redis.signal("KILL");
    assert!(timeout(PATIENCE, messages.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_left_until_it_takes_writes_again() {
    let redis = TestRedis::start().await;
    let link = redis.link().await;
    let mut admin = link.blocking().await.unwrap();
    let mut replica_of = async |host: &str, port: &str| {
        redis::cmd("REPLICAOF")
            .arg(host)
            .arg(port)
            .exec_async(&mut admin)
            .await
            .unwrap();
    };
    replica_of("127.0.0.1", "1").await;
    let mut states = link.state();
    states.mark_unchanged();
    let error = link.write().set::<_, _, ()>("key", 1).await.unwrap_err();
    assert_eq!(
        graphy_store::reply::classify(&error),
        ReplyClass::Reconnect,
        "{error}"
    );
    timeout(PATIENCE, states.changed()).await.unwrap().unwrap();
    replica_of("NO", "ONE").await;
    until("it can write", async || {
        link.write().set::<_, _, ()>("key", 2).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn too_many_commands_at_once_fail_fast_and_are_not_sent() {
    let redis = TestRedis::start().await;
    let settings = LinkSettings {
        in_flight_max: 1,
        acquire_wait: Duration::from_millis(20),
        ..LinkSettings::default()
    };
    let link = redis.link_with(settings).await;
    redis.signal("STOP");
    let (mut one, mut two) = (link.write(), link.write());
    let (first, second) = tokio::join!(one.set::<_, _, ()>("a", 1), two.set::<_, _, ()>("b", 1));
    redis.signal("CONT");
    let classes = [first, second].map(|answer| graphy_store::reply::classify(&answer.unwrap_err()));
    assert_eq!(classes, [ReplyClass::Unknown, ReplyClass::NotSent]);
}
