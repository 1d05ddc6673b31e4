//! The Redis data layer: keys, typed scripts, streams, tokens and the private Redis.
//!
//! This is the only crate that names `redis`. It decides nothing about graphs: it connects, keeps
//! what others decided, and says truthfully what a reply means ([`reply`]).

pub mod alerts;
pub mod audit;
pub mod bridge;
pub mod bullmq;
pub mod config;
pub mod connection;
mod ear;
pub mod error;
pub mod events;
pub mod graph;
mod hashes;
pub mod key_space;
pub mod node_registry;
pub mod node_status;
pub mod presence;
pub mod private_redis;
pub mod queue_pulse;
pub mod redis_details;
pub mod redis_info;
pub mod replica;
pub mod reply;
pub mod secret;
pub mod sessions;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokens;

pub use alerts::{AlertChange, AlertStore, AlertTick, StoredAlerts};
pub use audit::AuditLog;
pub use bridge::BridgeSettings;
pub use config::{FsyncPolicy, PrivateRedisConfig, RedisConfig, RedisUrl};
pub use connection::{AckLevel, LinkConnection, LinkSettings, LinkState, RedisLink, RedisProbe};
pub use error::StoreError;
pub use events::{BatchEvent, BusEvent, CommandOutcome, EventBus, Subscription};
pub use graph::{GraphStore, Head, History};
pub use key_space::KeySpace;
pub use node_registry::{NodeRegistry, ServerId, ServerNode};
pub use node_status::NodeStatuses;
pub use presence::{PresenceBus, PresenceListener, PresenceNews};
pub use private_redis::{PrivateEndpoint, PrivateRedis, PrivateRedisState, RedisServer};
pub use queue_pulse::QueuePulse;
pub use redis_details::{RedisDetails, SlowEntry};
pub use redis_info::RedisInfo;
pub use replica::{Lane, Replica, ReplicaSettings, Replicas};
pub use reply::ReplyClass;
pub use secret::Secret;
pub use sessions::{SessionRecord, SessionSettings, Sessions};
pub use tokens::{IssuedToken, NewTicket, NewToken, Principal, TokenError, TokenId, TokenStore};
