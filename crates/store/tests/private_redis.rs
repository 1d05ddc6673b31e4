//! The private Redis, against real server processes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use graphy_store::testing::{TestRedis, until};
use graphy_store::{
    FsyncPolicy, PrivateRedis, PrivateRedisConfig, PrivateRedisState, RedisConfig, RedisServer,
    StoreError,
};

fn is_running(pid: u32) -> bool {
    // A zombie has ended: only its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| !rest.starts_with('Z'))
    })
}

async fn set(redis: &TestRedis, key: &str, value: &str) {
    let mut connection = redis.link().await.write();
    redis::cmd("SET")
        .arg(key)
        .arg(value)
        .exec_async(&mut connection)
        .await
        .expect("the server takes writes");
}

#[tokio::test]
async fn the_server_is_ready_private_and_durable() {
    let redis = TestRedis::start_with(FsyncPolicy::Always).await;
    let data_dir = redis.private().data_dir();
    let server_dir = data_dir.join("redis").metadata().unwrap();
    assert_eq!(server_dir.permissions().mode() & 0o077, 0);
    let runtime = data_dir.join("runtime.json").metadata().unwrap();
    assert_eq!(runtime.permissions().mode() & 0o777, 0o600);
    // The password is on no command line, neither the server's nor its starter's.
    let command_line = std::fs::read(format!("/proc/{}/cmdline", redis.pid())).unwrap();
    let command_line = String::from_utf8_lossy(&command_line).into_owned();
    let url = redis.tcp_url();
    let password = url.expose().split([':', '@']).nth(2).unwrap();
    assert_eq!(password.len(), 64, "{url}");
    assert!(!command_line.contains(password), "{command_line}");
    // Without the password the port is of no use.
    let port = url.expose().rsplit([':', '/']).nth(1).unwrap();
    let open = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
    let mut stranger = open.get_multiplexed_async_connection().await.unwrap();
    let error = redis::cmd("GET")
        .arg("x")
        .exec_async(&mut stranger)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NOAUTH"));
}

#[tokio::test]
async fn a_server_that_is_killed_is_started_again_with_its_data() {
    let redis = TestRedis::start_with(FsyncPolicy::Always).await;
    set(&redis, "kept", "yes").await;
    let (old_pid, url) = (redis.pid(), redis.url());
    redis.signal("KILL");
    until("another server is ready", async || redis.pid() != old_pid).await;
    let mut states = redis.private().state();
    states
        .wait_for(|state| *state == PrivateRedisState::Ready)
        .await
        .unwrap();
    assert_eq!(redis.url(), url, "the socket and the password stay");
    let mut connection = redis.link().await.query();
    let kept: String = redis::cmd("GET")
        .arg("kept")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, "yes");
}

#[tokio::test]
async fn a_second_process_is_refused_and_can_attach() {
    let folder = tempfile::tempdir().unwrap();
    let config = PrivateRedisConfig::new(folder.path());
    let missing = PrivateRedis::attach(folder.path()).await.unwrap_err();
    assert!(
        matches!(missing, StoreError::NotRunning { .. }),
        "{missing}"
    );

    let first = PrivateRedis::start(&config).await.unwrap();
    let refused = PrivateRedis::start(&config).await.unwrap_err();
    let us = std::process::id();
    assert!(
        refused
            .to_string()
            .ends_with(&format!("is in use by process {us}")),
        "{refused}"
    );
    let second = RedisServer::open(&RedisConfig::Private(config.clone()))
        .await
        .unwrap();
    assert!(matches!(second, RedisServer::Attached(_)), "{second:?}");
    assert_eq!(second.url(), first.endpoint().socket_url);

    // Stopping what is only attached leaves the server alone.
    second.stop().await;
    let pid = first.endpoint().pid;
    assert!(is_running(pid));
    first.stop().await;
    assert!(!is_running(pid));
    let gone = PrivateRedis::attach(folder.path()).await.unwrap_err();
    assert!(matches!(gone, StoreError::NotRunning { .. }), "{gone}");
    PrivateRedis::start(&config).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let append_only = folder.path().join("redis/appendonlydir");
    std::fs::create_dir_all(&append_only).unwrap();
    std::fs::write(append_only.join("appendonly.aof.manifest"), "nonsense\n").unwrap();
    let error = PrivateRedis::start(&PrivateRedisConfig::new(folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(&error, StoreError::ServerStart { .. }), "{error}");
    assert!(error.to_string().contains("manifest"), "{error}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder
        .path()
        .join("a folder with \"quotes\" and ünïcode")
        .join("d".repeat(90));
    let private = PrivateRedis::start(&PrivateRedisConfig::new(&deep))
        .await
        .unwrap();
    let attached = PrivateRedis::attach(&deep).await.unwrap();
    assert_eq!(attached, private.endpoint());
    private.stop().await;
}

#[tokio::test]
async fn of_two_that_start_at_once_one_owns_and_one_attaches() {
    let folder = tempfile::tempdir().unwrap();
    let config = RedisConfig::Private(PrivateRedisConfig::new(folder.path()));
    let (a, b) = tokio::join!(RedisServer::open(&config), RedisServer::open(&config));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.url(), b.url());
    let owners = [&a, &b]
        .into_iter()
        .filter(|server| matches!(server, RedisServer::Owned(_)));
    assert_eq!(owners.count(), 1);
    a.stop().await;
    b.stop().await;
}

/// Not a test: the owner process of [`the_server_dies_with_its_owner`], killed by it.
#[tokio::test]
#[ignore = "started by another test"]
async fn owner_process() {
    let data_dir = std::env::var_os("GRAPHY_TEST_OWNER_DIR").expect("set by the other test");
    let _private = PrivateRedis::start(&PrivateRedisConfig::new(data_dir))
        .await
        .unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_dies_with_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_process", "--ignored", "--nocapture"])
        .env("GRAPHY_TEST_OWNER_DIR", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let endpoint = attached(folder.path()).await;
    assert!(is_running(endpoint));
    owner.kill().unwrap();
    owner.wait().unwrap();
    until("the server is gone", async || !is_running(endpoint)).await;
    // What the dead owner left behind does not hinder the next one.
    let next = PrivateRedis::start(&PrivateRedisConfig::new(folder.path()))
        .await
        .unwrap();
    next.stop().await;
}

async fn attached(data_dir: &Path) -> u32 {
    let mut pid = None;
    until("somebody else's server runs", async || {
        pid = PrivateRedis::attach(data_dir)
            .await
            .ok()
            .map(|endpoint| endpoint.pid);
        pid.is_some()
    })
    .await;
    pid.expect("it was waited for")
}
