//! Where Redis is: a private server that we run, or a URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};

use crate::error::StoreError;
use crate::secret::Secret;

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisConfig {
    /// A server of our own, which lives and dies with this process.
    Private(PrivateRedisConfig),
    /// A server that others run.
    Url(RedisUrl),
}

/// How a private Redis is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateRedisConfig {
    /// The folder of its data, lock and runtime file; made when it is missing.
    pub data_dir: PathBuf,
    /// The server binary; `None` looks for `redis-server`, then `valkey-server` on the PATH.
    pub server_binary: Option<PathBuf>,
    /// When writes reach the disk.
    pub fsync: FsyncPolicy,
    /// How long it may take from start until it has loaded its data.
    pub load_wait: Duration,
}

impl PrivateRedisConfig {
    /// Returns the usual settings for a data folder: every write is on disk before it is confirmed.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            server_binary: None,
            fsync: FsyncPolicy::Always,
            load_wait: Duration::from_secs(60),
        }
    }
}

/// When Redis flushes its append-only file to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// Before a write is confirmed.
    Always,
    /// Once a second: up to one second of confirmed writes is lost with the power.
    EverySecond,
    /// When the system likes to.
    Never,
}

impl FsyncPolicy {
    /// Returns the value of Redis' `appendfsync` setting.
    #[must_use]
    pub fn as_setting(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
            Self::Never => "no",
        }
    }

    /// Reads the value of Redis' `appendfsync` setting.
    #[must_use]
    pub fn from_setting(text: &str) -> Option<Self> {
        [Self::Always, Self::EverySecond, Self::Never]
            .into_iter()
            .find(|policy| policy.as_setting() == text)
    }
}

/// A checked Redis URL: `redis://[user][:password@]host[:port][/db]` or
/// `redis+unix:///path[?db=…&user=…&pass=…]`. `Debug` and `Display` hide the password.
#[derive(Clone)]
pub struct RedisUrl {
    text: Secret,
    info: ConnectionInfo,
}

impl RedisUrl {
    /// Puts a URL together from the parts that `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and
    /// `REDIS_DB` give.
    ///
    /// # Errors
    /// [`StoreError::InvalidUrl`] when the host is not one.
    pub fn from_parts(
        host: &str,
        port: u16,
        password: Option<&Secret>,
        db: u32,
    ) -> Result<Self, StoreError> {
        let login = password.map_or_else(String::new, |password| {
            format!(":{}@", percent_encoded(password.expose(), ""))
        });
        format!("redis://{login}{host}:{port}/{db}").parse()
    }

    /// Returns the URL of a server that listens on a unix socket.
    pub(crate) fn unix(socket: &str, password: &Secret) -> Result<Self, StoreError> {
        let path = percent_encoded(socket, "/");
        format!(
            "redis+unix://{path}?pass={}",
            percent_encoded(password.expose(), "")
        )
        .parse()
    }

    /// Returns the whole URL with its password, for the queue library and for tools.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    pub(crate) fn connection_info(&self) -> &ConnectionInfo {
        &self.info
    }
}

impl FromStr for RedisUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let invalid = |reason: String| StoreError::InvalidUrl { reason };
        let parsed = text.into_connection_info();
        let info = parsed.map_err(|error| invalid(error.to_string()))?;
        if let ConnectionAddr::TcpTls { .. } = info.addr() {
            return Err(invalid("TLS (rediss) is not supported".to_owned()));
        }
        Ok(Self {
            text: Secret::new(text),
            info,
        })
    }
}

impl PartialEq for RedisUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RedisUrl {}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.info.redis_settings();
        let login = match (settings.username(), settings.password()) {
            (None, None) => String::new(),
            (user, password) => {
                format!("{}{}@", user.unwrap_or(""), password.map_or("", |_| ":***"))
            }
        };
        match self.info.addr() {
            ConnectionAddr::Unix(path) => {
                let db = settings.db();
                write!(f, "redis+unix://{login}{}?db={db}", path.display())
            }
            address => write!(f, "redis://{login}{address}/{}", settings.db()),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

fn percent_encoded(text: &str, also_plain: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric()
            || "-._~".contains(character)
            || also_plain.contains(character)
        {
            encoded.push(character);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url: RedisUrl = "redis://ann:s3cret@example.org:7000/4".parse().unwrap();
        assert_eq!(url.to_string(), "redis://ann:***@example.org:7000/4");
        let config = RedisConfig::Url(url.clone());
        assert!(!format!("{config:?} {url:?}").contains("s3cret"));
        assert!(url.expose().contains("s3cret"));
    }

    #[test]
    fn parts_make_a_url() {
        let password = Secret::new("a/b:c@d%");
        let url = RedisUrl::from_parts("localhost", 6400, Some(&password), 2).unwrap();
        let settings = url.connection_info().redis_settings();
        assert_eq!(settings.password(), Some("a/b:c@d%"));
        assert_eq!(settings.db(), 2);
        let plain = RedisUrl::from_parts("localhost", 6400, None, 0).unwrap();
        assert_eq!(plain.expose(), "redis://localhost:6400/0");
    }

    #[test]
    fn a_socket_path_may_hold_anything() {
        let path = "/tmp/my data/ü?#/redis.sock";
        let url = RedisUrl::unix(path, &Secret::new("p&w")).unwrap();
        assert_eq!(
            url.connection_info().addr(),
            &ConnectionAddr::Unix(path.into())
        );
        assert_eq!(
            url.connection_info().redis_settings().password(),
            Some("p&w")
        );
    }

    #[test]
    fn tls_is_refused_rather_than_tried() {
        let error = "rediss://:s3cret@example.org"
            .parse::<RedisUrl>()
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("TLS") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn what_is_not_a_redis_url_is_refused_without_showing_it() {
        let error = "http://user:s3cret@example.org"
            .parse::<RedisUrl>()
            .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}
