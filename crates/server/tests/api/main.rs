//! The server on real sockets, a real Redis and real workers.

mod faults;
mod http;
mod live;
mod support;
