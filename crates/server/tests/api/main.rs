//! The server on real sockets, a real Redis and real workers.

mod live;
mod support;
