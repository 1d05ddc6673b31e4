//! The server on real sockets, a real Redis and real workers.

mod access;
mod collaboration;
mod faults;
mod faults_of_clients;
mod http;
mod live;
mod presence;
mod read_only;
mod support;
mod system;
