//! A way for bytes that can be narrow, be cut, and lead elsewhere.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use graphy_client::NodeUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a narrow pipe lets through at once; also what it lets the kernel hold for it, so that the
/// sender feels the narrowness soon.
const NARROW_BYTES: usize = 2 * 1024;
const WIDE_BYTES: usize = 64 * 1024;

/// Where a pipe leads and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Course {
    target: SocketAddr,
    /// How many bytes pass to the client in a second; none is no bound.
    bytes_per_second: Option<u32>,
}

/// The pipe; dropping it ends all its connections.
pub struct Pipe {
    address: SocketAddr,
    course: watch::Sender<Course>,
    era: Mutex<CancellationToken>,
    cut: watch::Sender<CancellationToken>,
    _end: DropGuard,
}

impl Pipe {
    /// Starts a pipe on a free port that leads to an address.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback has free ports");
        let course = watch::Sender::new(Course {
            target,
            bytes_per_second: None,
        });
        let era = CancellationToken::new();
        let cut = watch::Sender::new(era.clone());
        let end = CancellationToken::new();
        let address = super::address_of(&listener);
        tokio::spawn(accept(
            listener,
            course.subscribe(),
            cut.subscribe(),
            end.clone(),
        ));
        Self {
            address,
            course,
            era: Mutex::new(era),
            cut,
            _end: end.drop_guard(),
        }
    }

    /// Returns the address of a node that is reached through this pipe.
    #[must_use]
    pub fn url(&self) -> NodeUrl {
        format!("http://{}", self.address)
            .parse()
            .expect("a loopback address and a port")
    }

    /// Lets new connections lead elsewhere.
    pub fn lead_to(&self, target: SocketAddr) {
        self.course.send_modify(|course| course.target = target);
    }

    /// Bounds what flows to clients, also on connections that are open; none ends the bound.
    pub fn narrow(&self, bytes_per_second: Option<u32>) {
        self.course
            .send_modify(|course| course.bytes_per_second = bytes_per_second);
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        let mut era = self.era.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *era);
        self.cut.send_replace(era.clone());
        before.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    course: watch::Receiver<Course>,
    era: watch::Receiver<CancellationToken>,
    end: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else { continue };
        let (course, end, cut) = (course.clone(), end.clone(), era.borrow().clone());
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = cut.cancelled() => {}
                () = serve(client, course) => {}
            }
        });
    }
}

async fn serve(client: TcpStream, course: watch::Receiver<Course>) {
    let start = *course.borrow();
    let Ok(socket) = TcpSocket::new_v4() else {
        return;
    };
    if start.bytes_per_second.is_some() {
        // Before the connection exists, or the window is agreed upon already.
        let _ = socket.set_recv_buffer_size(2048);
    }
    let Ok(server) = socket.connect(start.target).await else {
        return;
    };
    for socket in [&client, &server] {
        let _ = socket.set_nodelay(true);
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let down = async {
        let mut buffer = vec![0; WIDE_BYTES];
        loop {
            let rate = course.borrow().bytes_per_second;
            let room = rate.map_or(WIDE_BYTES, |_| NARROW_BYTES);
            let read = from_server.read(&mut buffer[..room]).await?;
            if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                return std::io::Result::Ok(());
            }
            if let Some(rate) = rate {
                let bytes = u32::try_from(read).unwrap_or(u32::MAX);
                sleep(Duration::from_secs(1) * bytes / rate.max(1)).await;
            }
        }
    };
    // Either end closes both.
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = down => {}
    }
}
