//! What every request passes: trace ids, guards, tokens, bodies, rates, and the shape of errors.

pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod failure;
pub(crate) mod guard;
pub(crate) mod listener;
pub(crate) mod observe;
pub(crate) mod rates;
pub(crate) mod read_only;
