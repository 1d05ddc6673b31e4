//! The socket that a node listens on.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::NodeError;

/// How much the system keeps for each connection that is not read. What a slow reader has not read
/// must wait where it can be given up for a resync, and not in megabytes of stale frames.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens; says where, since port 0 takes a free one.
pub(super) fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NodeError> {
    let failed = |source| NodeError::Listen { address, source };
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(failed)?;
    // A node that was just restarted may have its port back at once.
    socket.set_reuseaddr(true).map_err(failed)?;
    // Connections inherit it.
    socket
        .set_send_buffer_size(SEND_BUFFER_BYTES)
        .map_err(failed)?;
    socket.bind(address).map_err(failed)?;
    let listener = socket.listen(BACKLOG).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
