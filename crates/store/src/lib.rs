//! The Redis data layer: keys, typed scripts, streams, tokens and the private Redis.
