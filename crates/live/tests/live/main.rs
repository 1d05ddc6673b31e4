//! Hubs on a real Redis: one as on one node, two as on two.

mod access;
mod presence;
mod repair;
mod rooms;
mod sessions;
mod support;
