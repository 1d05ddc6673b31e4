//! How fast callers may go.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use graphy_store::tokens::TokenId;

/// A steady rate, and how much may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: NonZeroU32,
    /// At once, after a while of silence.
    pub burst: NonZeroU32,
}

impl Rate {
    /// Makes a rate; zero counts as one.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: match NonZeroU32::new(per_second) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            },
            burst: match NonZeroU32::new(burst) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            },
        }
    }

    fn quota(self) -> Quota {
        Quota::per_second(self.per_second).allow_burst(self.burst)
    }
}

/// The rates of a node.
#[derive(Debug, Clone)]
pub struct RateSettings {
    /// Commands of one WebSocket.
    pub socket_commands: Rate,
    /// Commands of one token, over all its sockets and requests.
    pub token_commands: Rate,
    /// HTTP requests with one token, or without one from one address.
    pub requests: Rate,
    /// WebSocket handshakes and ticket exchanges from one address.
    pub handshakes: Rate,
    /// Full or partial syncs that one WebSocket asks for.
    pub sync_requests: Rate,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            socket_commands: Rate::new(500, 1000),
            token_commands: Rate::new(5000, 10_000),
            requests: Rate::new(1000, 2000),
            handshakes: Rate::new(200, 2000),
            sync_requests: Rate::new(2, 20),
        }
    }
}

/// The limiters that all sockets and requests of a node share.
pub(crate) struct Limiters {
    settings: RateSettings,
    token_commands: DefaultKeyedRateLimiter<TokenId>,
    token_requests: DefaultKeyedRateLimiter<TokenId>,
    address_requests: DefaultKeyedRateLimiter<IpAddr>,
    handshakes: DefaultKeyedRateLimiter<IpAddr>,
}

/// How long to wait before the next try.
pub(crate) type Wait = Duration;

impl Limiters {
    pub(crate) fn new(settings: RateSettings) -> Self {
        Self {
            token_commands: RateLimiter::keyed(settings.token_commands.quota()),
            token_requests: RateLimiter::keyed(settings.requests.quota()),
            address_requests: RateLimiter::keyed(settings.requests.quota()),
            handshakes: RateLimiter::keyed(settings.handshakes.quota()),
            settings,
        }
    }

    /// Makes the limiters of one socket.
    pub(crate) fn for_socket(&self) -> SocketLimiters {
        SocketLimiters {
            commands: RateLimiter::direct(self.settings.socket_commands.quota()),
            sync_requests: RateLimiter::direct(self.settings.sync_requests.quota()),
        }
    }

    /// Counts commands of a token.
    pub(crate) fn take_commands(&self, token: &TokenId, count: usize) -> Result<(), Wait> {
        let Some(count) = u32::try_from(count).ok().and_then(NonZeroU32::new) else {
            return Ok(());
        };
        match self.token_commands.check_key_n(token, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(until.wait_time_from(DefaultClock::default().now())),
            // More at once than the burst holds can never pass.
            Err(_) => Err(Duration::from_secs(1)),
        }
    }

    /// Counts a request with a token.
    pub(crate) fn take_token_request(&self, token: &TokenId) -> Result<(), Wait> {
        let until = self.token_requests.check_key(token);
        until.map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    /// Counts a request without a valid token.
    pub(crate) fn take_address_request(&self, address: IpAddr) -> Result<(), Wait> {
        let until = self.address_requests.check_key(&address);
        until.map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    /// Counts a handshake from an address.
    pub(crate) fn take_handshake(&self, address: IpAddr) -> Result<(), Wait> {
        let until = self.handshakes.check_key(&address);
        until.map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    /// Forgets callers who have been quiet.
    pub(crate) fn forget_quiet(&self) {
        self.token_commands.retain_recent();
        self.token_requests.retain_recent();
        self.address_requests.retain_recent();
        self.handshakes.retain_recent();
    }
}

/// The limiters of one socket.
pub(crate) struct SocketLimiters {
    commands: DefaultDirectRateLimiter,
    sync_requests: DefaultDirectRateLimiter,
}

impl SocketLimiters {
    pub(crate) fn take_command(&self) -> bool {
        self.commands.check().is_ok()
    }

    pub(crate) fn take_sync_request(&self) -> bool {
        self.sync_requests.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_goes_too_fast_is_told_how_long_to_wait() {
        let settings = RateSettings {
            token_commands: Rate::new(10, 100),
            ..Default::default()
        };
        let limiters = Limiters::new(settings);
        let token = TokenId::parse("0123456789abcdef").unwrap();
        assert!(limiters.take_commands(&token, 100).is_ok());
        let wait = limiters.take_commands(&token, 50).unwrap_err();
        assert!(wait > Duration::from_secs(1), "{wait:?}");
        assert!(limiters.take_commands(&token, 101).is_err());
        assert!(limiters.take_commands(&token, 0).is_ok());
    }
}
