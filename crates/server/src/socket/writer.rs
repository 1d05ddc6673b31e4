//! The writing half of a socket: sends what the session hands out, pings, and never waits longer
//! than a slow reader may take.

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use futures_util::SinkExt;
use graphy_live::{Outgoing, Session};
use graphy_protocol::close;
use graphy_telemetry::names;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::greet::say_goodbye;
use super::{CLOSE_WAIT, PING_INTERVAL, Sink, WRITE_WAIT};

/// Runs until the session closes, the reader ends or a write fails.
pub(crate) async fn run(mut sink: Sink, mut session: Session, ended: CancellationToken) {
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            () = ended.cancelled() => {
                answer_close(&mut sink).await;
                break;
            }
            outgoing = session.next() => match outgoing {
                Outgoing::Frame(text) => text_message(text),
                Outgoing::Close(closing) => {
                    say_goodbye(&mut sink, closing.code, closing.reason).await;
                    // The reader takes the other end's half; it has a moment for that.
                    tokio::select! {
                        () = ended.cancelled() => {}
                        () = tokio::time::sleep(CLOSE_WAIT) => {}
                    }
                    break;
                }
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        match tokio::time::timeout(WRITE_WAIT, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                // Nothing can be sent behind the other end's close but the answer to it.
                answer_close(&mut sink).await;
                break;
            }
            Err(_) => {
                metrics::counter!(names::SLOW_CONSUMERS).increment(1);
                say_goodbye(&mut sink, close::SLOW_CONSUMER, "a write took too long").await;
                break;
            }
        }
    }
    ended.cancel();
}

/// Answers the other end's close, if it has sent one.
async fn answer_close(sink: &mut Sink) {
    // If it cannot be said, the other end is gone already.
    let _ = tokio::time::timeout(CLOSE_WAIT, sink.close()).await;
}

fn text_message(text: Bytes) -> Message {
    // What the hub writes is text; were it not, the client would see an empty frame, not a crash.
    Message::Text(Utf8Bytes::try_from(text).unwrap_or_default())
}
