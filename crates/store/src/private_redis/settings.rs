//! The configuration text of the private server. It goes to the server's standard input.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::config::FsyncPolicy;
use crate::secret::Secret;

/// What differs from server to server.
#[derive(Debug)]
pub(super) struct ServerSettings<'a> {
    pub(super) server_dir: &'a Path,
    pub(super) socket: &'a Path,
    pub(super) port: u16,
    pub(super) password: &'a Secret,
    pub(super) fsync: FsyncPolicy,
}

impl ServerSettings<'_> {
    /// Returns the configuration text.
    pub(super) fn to_text(&self) -> String {
        let dir = quoted(self.server_dir.as_os_str().as_bytes());
        let socket = quoted(self.socket.as_os_str().as_bytes());
        let password = quoted(self.password.expose().as_bytes());
        let (port, fsync) = (self.port, self.fsync.as_setting());
        [
            // Only this computer, and nobody without the password.
            "bind 127.0.0.1".to_owned(),
            format!("port {port}"),
            format!("unixsocket {socket}"),
            "unixsocketperm 700".to_owned(),
            format!("requirepass {password}"),
            "protected-mode yes".to_owned(),
            // Every write goes to the append-only file; there are no snapshots besides.
            format!("dir {dir}"),
            "appendonly yes".to_owned(),
            format!("appendfsync {fsync}"),
            "no-appendfsync-on-rewrite no".to_owned(),
            "save \"\"".to_owned(),
            // Refusing a write is better than forgetting an earlier one.
            "maxmemory-policy noeviction".to_owned(),
            // Our child, in the foreground, with its log on standard output.
            "daemonize no".to_owned(),
            "supervised no".to_owned(),
            "logfile \"\"".to_owned(),
            "loglevel notice".to_owned(),
            "timeout 0".to_owned(),
            String::new(),
        ]
        .join("\n")
    }
}

/// Writes bytes as a quoted argument of a Redis configuration line.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            other => write!(text, "\\x{other:02x}").expect("a string takes it"),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_can_become_a_setting() {
        assert_eq!(
            quoted(b"/a b/\"c\\\n\xc3\xbc"),
            r#""/a b/\"c\\\x0a\xc3\xbc""#
        );
    }

    #[test]
    fn each_setting_is_one_line() {
        let settings = ServerSettings {
            server_dir: Path::new("/data\nport 1"),
            socket: Path::new("/s"),
            port: 7,
            password: &Secret::new("pw"),
            fsync: FsyncPolicy::Always,
        };
        let text = settings.to_text();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("port")).count(),
            1,
            "{text}"
        );
        assert!(text.contains("\nappendfsync always\n"), "{text}");
    }
}
