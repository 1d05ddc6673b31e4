//! The proxy in front of a real Redis.

use std::time::Duration;

use futures_util::StreamExt as _;
use graphy_store::testing::TestRedis;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, Client, RedisResult, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::*;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to tell "late" from "at once"; nothing depends on it being exact.
const DELAY: Duration = Duration::from_millis(300);

struct Stage {
    redis: TestRedis,
    proxy: Proxy,
}

impl Stage {
    async fn start() -> Self {
        let redis = TestRedis::start().await;
        let proxy = Proxy::start(&redis.tcp_url(), 7).await;
        Self { redis, proxy }
    }

    async fn through(&self) -> MultiplexedConnection {
        connect(self.proxy.url().expose()).await
    }

    async fn past(&self) -> MultiplexedConnection {
        connect(self.redis.tcp_url().expose()).await
    }

    /// Waits until the proxy has counted something.
    async fn until(&self, holds: impl Fn(&Counts) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.proxy.counts()) {
            assert!(Instant::now() < deadline, "{:?}", self.proxy.counts());
            tokio::task::yield_now().await;
        }
    }
}

async fn connect(url: &str) -> MultiplexedConnection {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap()
}

fn resp3(url: &str) -> String {
    format!("{url}?protocol=resp3")
}

async fn increment(connection: &mut MultiplexedConnection) -> RedisResult<u64> {
    connection.incr("n", 1).await
}

#[tokio::test]
async fn commands_pipelines_and_large_values_pass() {
    let stage = Stage::start().await;
    for url in [
        stage.proxy.url().expose().to_owned(),
        resp3(stage.proxy.url().expose()),
    ] {
        let mut redis = connect(&url).await;
        let large = "\r\n$5\r\nx".repeat(100_000);
        let () = redis.set("large", &large).await.unwrap();
        assert_eq!(redis.get::<_, String>("large").await.unwrap(), large);
        let mut pipe = redis::pipe();
        for index in 0..3000 {
            pipe.hset("many", index, format!("value {index}")).ignore();
        }
        pipe.hlen("many").hgetall("many");
        let (count, all): (usize, std::collections::HashMap<u32, String>) =
            pipe.query_async(&mut redis).await.unwrap();
        assert_eq!((count, all.len()), (3000, 3000));
        let mut atomic = redis::pipe();
        atomic.atomic().incr("m", 1).incr("m", 1);
        let _: (u64, u64) = atomic.query_async(&mut redis).await.unwrap();
        let wrong: RedisResult<u64> = redis.incr("large", 1).await;
        assert!(wrong.is_err(), "an error passes as an error");
    }
    let counts = stage.proxy.counts();
    assert!(counts.commands > 6000, "{counts:?}");
    assert_eq!((counts.cut, counts.connections), (0, 2));
}

#[tokio::test]
async fn a_lost_answer_is_of_a_command_that_was_carried_out() {
    let stage = Stage::start().await;
    let mut redis = stage.through().await;
    stage
        .proxy
        .inflict(Fault::once(Harm::LoseReply, |command| command.is("INCRBY")));
    let () = redis.set("other", 1).await.unwrap();
    increment(&mut redis).await.unwrap_err();
    assert_eq!(stage.past().await.get::<_, u64>("n").await.unwrap(), 1);
    // Once is once.
    assert_eq!(increment(&mut stage.through().await).await.unwrap(), 2);
    let counts = stage.proxy.counts();
    assert_eq!((counts.replies_lost, counts.requests_lost), (1, 0));
}

#[tokio::test]
async fn a_lost_command_is_not_carried_out() {
    let stage = Stage::start().await;
    let is_increment = |command: &Command<'_>| command.is("incrby");
    for harm in [Harm::LoseRequest, Harm::CutRequestShort { bytes: 9 }] {
        let mut redis = stage.through().await;
        stage.proxy.inflict(Fault::once(harm, is_increment));
        let answer: RedisResult<u64> = redis::cmd("INCRBY")
            .arg("n")
            .arg(1)
            .query_async(&mut redis)
            .await;
        answer.unwrap_err();
    }
    let stored: Option<u64> = stage.past().await.get("n").await.unwrap();
    assert_eq!(stored, None);
    assert_eq!(stage.proxy.counts().requests_lost, 2);
}

#[tokio::test]
async fn an_answer_that_is_cut_at_any_place_leaves_the_command_done_once() {
    let stage = Stage::start().await;
    let () = stage
        .past()
        .await
        .set("text", "twelve bytes")
        .await
        .unwrap();
    // `$12\r\ntwelve bytes\r\n` has 19 bytes.
    for bytes in 0..19 {
        let mut redis = stage.through().await;
        let harm = Harm::CutReplyShort { bytes };
        stage
            .proxy
            .inflict(Fault::once(harm, |command| command.is("GETSET")));
        let answer: RedisResult<String> = redis::cmd("GETSET")
            .arg("text")
            .arg("twelve bytes")
            .query_async(&mut redis)
            .await;
        answer.unwrap_err();
    }
    assert_eq!(stage.proxy.counts().replies_lost, 19);
    let text: String = stage.through().await.get("text").await.unwrap();
    assert_eq!(text, "twelve bytes");
}

#[tokio::test]
async fn in_a_pipeline_only_what_came_before_the_lost_answer_is_told() {
    let stage = Stage::start().await;
    let login = stage.redis.tcp_url();
    let password = login.expose().split([':', '@']).nth(2).unwrap().to_owned();
    let info = stage.proxy.url().expose().into_connection_info().unwrap();
    let mut raw = TcpStream::connect(info.addr().to_string()).await.unwrap();
    stage.proxy.inflict(Fault::once(Harm::LoseReply, |command| {
        command.is("INCR") && command.arguments().eq([&b"b"[..]])
    }));
    let text = format!("AUTH {password}\r\nINCR a\r\n*2\r\n$4\r\nINCR\r\n$1\r\nb\r\nINCR c\r\n");
    raw.write_all(text.as_bytes()).await.unwrap();
    let mut told = String::new();
    timeout(PATIENCE, raw.read_to_string(&mut told))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told, "+OK\r\n:1\r\n", "and then the end");
    let all: Vec<u64> = stage.past().await.mget(&["a", "b", "c"]).await.unwrap();
    assert_eq!(all, [1, 1, 1], "redis had all of them");
}

#[tokio::test]
async fn delays_keep_the_order() {
    let stage = Stage::start().await;
    let redis = stage.through().await;
    for harm in [Harm::DelayRequest(DELAY), Harm::DelayReply(DELAY)] {
        stage
            .proxy
            .inflict(Fault::once(harm, |command| command.is("INCRBY")));
        let started = Instant::now();
        let (mut first, mut second) = (redis.clone(), redis.clone());
        let (one, two) = tokio::join!(increment(&mut first), increment(&mut second));
        assert_eq!(two.unwrap(), one.unwrap() + 1);
        assert!(started.elapsed() >= DELAY, "the delay did not happen");
    }
    assert_eq!(stage.proxy.counts().delayed, 2);
}

#[tokio::test]
async fn a_cut_ends_everything_and_new_connections_work_unless_refused() {
    let stage = Stage::start().await;
    let (mut one, mut two) = (stage.through().await, stage.through().await);
    stage.proxy.cut();
    increment(&mut one).await.unwrap_err();
    increment(&mut two).await.unwrap_err();
    stage.until(|counts| counts.cut == 2).await;
    assert_eq!(increment(&mut stage.through().await).await.unwrap(), 1);
    stage.proxy.refuse_all();
    let client = Client::open(stage.proxy.url().expose()).unwrap();
    assert!(client.get_multiplexed_async_connection().await.is_err());
    stage.proxy.heal();
    assert_eq!(increment(&mut stage.through().await).await.unwrap(), 2);
}

#[tokio::test]
async fn held_bytes_arrive_later_and_nothing_is_lost() {
    let stage = Stage::start().await;
    let mut redis = stage.through().await;
    stage.proxy.stall();
    let waiting = tokio::spawn(async move { increment(&mut redis).await });
    let unanswered = timeout(DELAY, async {
        while !waiting.is_finished() {
            tokio::task::yield_now().await;
        }
    });
    unanswered
        .await
        .expect_err("an answer came through a stalled proxy");
    let stored: Option<u64> = stage.past().await.get("n").await.unwrap();
    assert_eq!(stored, None, "the command waits in the proxy");
    stage.proxy.release();
    let answer = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(answer.unwrap(), 1);
}

#[tokio::test]
async fn messages_can_be_lost_without_a_word() {
    let stage = Stage::start().await;
    for url in [
        stage.proxy.url().expose().to_owned(),
        resp3(stage.proxy.url().expose()),
    ] {
        let before = stage.proxy.counts();
        let mut listener = Client::open(url).unwrap().get_async_pubsub().await.unwrap();
        listener.subscribe(&["one", "two"]).await.unwrap();
        let mut redis = stage.past().await;
        stage.proxy.lose_messages(1.0);
        for index in 0..5 {
            let () = redis.publish("one", index).await.unwrap();
        }
        stage
            .until(|counts| counts.messages_lost == before.messages_lost + 5)
            .await;
        stage.proxy.lose_messages(0.0);
        let () = redis.publish("two", "heard").await.unwrap();
        let heard = timeout(PATIENCE, listener.on_message().next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(heard.get_payload::<String>().unwrap(), "heard");
        // The connection is as good as before.
        let (mut sink, _stream) = listener.split();
        sink.ping::<Value>().await.unwrap();
    }
    assert_eq!(stage.proxy.counts().cut, 0);
}

#[tokio::test]
async fn blocking_commands_wait_and_are_answered() {
    let stage = Stage::start().await;
    let mut blocked = stage.through().await;
    let before = stage.proxy.counts().commands;
    let popped = tokio::spawn(async move {
        let popped: (String, String) = blocked.blpop("list", 0.0).await.unwrap();
        popped
    });
    stage.until(|counts| counts.commands > before).await;
    let () = stage.past().await.rpush("list", "x").await.unwrap();
    let popped = timeout(PATIENCE, popped).await.unwrap().unwrap();
    assert_eq!(popped, ("list".to_owned(), "x".to_owned()));
}

#[tokio::test]
async fn chances_are_those_of_the_seed() {
    async fn losses(seed: u64) -> Vec<bool> {
        let redis = TestRedis::start().await;
        let proxy = Proxy::start(&redis.tcp_url(), seed).await;
        let harm = Harm::LoseRequest;
        proxy.inflict(Fault::sometimes(harm, 0.5, |command| command.is("INCRBY")));
        let mut lost = Vec::new();
        for _ in 0..20 {
            let mut connection = connect(proxy.url().expose()).await;
            lost.push(increment(&mut connection).await.is_err());
        }
        lost
    }
    let first = losses(3).await;
    assert_eq!(losses(3).await, first);
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
}

#[tokio::test]
async fn what_is_no_command_ends_the_connection() {
    let stage = Stage::start().await;
    let info = stage.proxy.url().expose().into_connection_info().unwrap();
    let mut raw = TcpStream::connect(info.addr().to_string()).await.unwrap();
    raw.write_all(b"*1\r\n!!!\r\n").await.unwrap();
    let mut told = Vec::new();
    // Closed with or without a reset; nothing was said.
    drop(timeout(PATIENCE, raw.read_to_end(&mut told)).await.unwrap());
    assert!(told.is_empty());
}

#[tokio::test]
async fn a_narrow_pipe_holds_the_sender_up_and_a_wide_one_leads_elsewhere() {
    let one = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let pipe = Pipe::to(address_of(&one)).await;
    pipe.narrow(Some(10_000));
    let address = pipe.url().http("").trim_start_matches("http://").to_owned();
    let mut client = TcpStream::connect(&address).await.unwrap();
    let (mut server, _) = one.accept().await.unwrap();
    let text = vec![b'x'; 20_000];
    let started = Instant::now();
    let sent = tokio::spawn(async move {
        server.write_all(&text).await.unwrap();
        server
    });
    let mut read = vec![0; 20_000];
    timeout(PATIENCE, client.read_exact(&mut read))
        .await
        .unwrap()
        .unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "the pipe was wide"
    );
    let mut server = sent.await.unwrap();
    pipe.narrow(None);
    pipe.lead_to(address_of(&other));
    pipe.cut();
    drop(
        timeout(PATIENCE, server.read_to_end(&mut read))
            .await
            .unwrap(),
    );
    let mut client = TcpStream::connect(&address).await.unwrap();
    let (mut server, _) = timeout(PATIENCE, other.accept()).await.unwrap().unwrap();
    client.write_all(b"ab").await.unwrap();
    let mut two = [0; 2];
    timeout(PATIENCE, server.read_exact(&mut two))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&two, b"ab");
}
