//! Plays a case and says how the server took it.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{interval, timeout};
use uuid::Uuid;

use super::case::{Answer, Case, Start, Step, Then};
use super::frame::Frame;
use super::opening::{check_opening, check_refusal};
use super::setting::Setting;
use super::wire::{Heard, Wire};

/// What the ping of a probe carries.
const PROBE: &[u8] = b"still there?";

/// How a case ends early: with an answer, or with a fault that no list of answers allows.
type End = Result<Answer, String>;
type Flow = ControlFlow<End>;

/// Plays a case to its end.
///
/// # Errors
/// What happened, when it is no answer that any case could allow.
pub async fn play(setting: &Setting, case: &Case) -> Result<Answer, String> {
    let Ok(wire) = Wire::connect(&setting.address).await else {
        return Err("nobody listens".to_owned());
    };
    let mut player = Player {
        setting,
        wire,
        opened: false,
        waits_for: "the beginning".to_owned(),
    };
    let played = timeout(case.patience, player.play(case)).await;
    match played {
        Ok(ControlFlow::Break(end)) => end,
        Ok(ControlFlow::Continue(())) => finish(player, case),
        Err(_) => Err(format!("waited too long for {}", player.waits_for)),
    }
}

fn finish(player: Player<'_>, case: &Case) -> End {
    match case.then {
        Then::Reset => player
            .wire
            .reset()
            .map(|()| Answer::Cut)
            .map_err(|error| error.to_string()),
        Then::ReadHead | Then::Probe | Then::Listen => Ok(Answer::GoesOn),
    }
}

struct Player<'a> {
    setting: &'a Setting,
    wire: Wire,
    /// Whether frames come from the server, and not the answer to a handshake.
    opened: bool,
    /// For the message of a case that takes too long.
    waits_for: String,
}

impl Player<'_> {
    async fn play(&mut self, case: &Case) -> Flow {
        match case.start {
            Start::Connected => {}
            Start::Opened => self.open(&self.setting.request()).await?,
            Start::Console => self.open(&self.setting.console_request()).await?,
            Start::Greeted => {
                self.open(&self.setting.request()).await?;
                self.greet().await?;
            }
        }
        for step in &case.steps {
            self.take(step).await?;
        }
        match case.then {
            Then::ReadHead => self.read_head(case).await,
            Then::Probe => self.probe().await,
            Then::Listen => self.hear("a close", |_| false).await,
            Then::Reset => ControlFlow::Continue(()),
        }
    }

    async fn open(&mut self, request: &str) -> Flow {
        self.wire.send(request.as_bytes()).await;
        self.hear_opened().await
    }

    async fn hear_opened(&mut self) -> Flow {
        "the answer to the handshake".clone_into(&mut self.waits_for);
        match self.wire.head().await {
            Ok(Some(head)) if head.status == 101 => {
                self.opened = true;
                ControlFlow::Continue(())
            }
            Ok(Some(head)) => ControlFlow::Break(Ok(Answer::Status(head.status))),
            Ok(None) => ControlFlow::Break(Ok(Answer::Ended)),
            Err(fault) => ControlFlow::Break(Err(fault)),
        }
    }

    async fn greet(&mut self) -> Flow {
        let hello = Frame::text(self.setting.hello());
        self.wire.send(&hello.bytes()).await;
        self.hear_type("sync").await
    }

    async fn take(&mut self, step: &Step) -> Flow {
        match step {
            Step::Send(bytes) => {
                // That the server has ended the connection shows when it is read.
                self.wire.send(bytes).await;
                ControlFlow::Continue(())
            }
            Step::SendByteByByte(bytes) => {
                for byte in bytes {
                    self.wire.send(&[*byte]).await;
                    tokio::task::yield_now().await;
                }
                ControlFlow::Continue(())
            }
            Step::SendForEver(bytes, pause) => self.send_for_ever(bytes, *pause).await,
            Step::HearOpened => self.hear_opened().await,
            Step::HearPong(payload) => self.hear_pong(payload).await,
            Step::HearApplied(id) => self.hear_applied(*id).await,
            Step::HearText => {
                self.hear("a text", |heard| matches!(heard, Heard::Text(_)))
                    .await
            }
            Step::Hear(kind) => self.hear_type(kind).await,
            Step::Finish => {
                self.wire.finish().await;
                ControlFlow::Continue(())
            }
        }
    }

    async fn send_for_ever(&mut self, bytes: &[u8], pause: Duration) -> Flow {
        let mut ticks = interval(pause);
        loop {
            "the server to have had enough".clone_into(&mut self.waits_for);
            ticks.tick().await;
            if !self.wire.send(bytes).await {
                return ControlFlow::Continue(());
            }
            while timeout(pause / 10, self.wire.peek()).await.is_ok() {
                if !self.opened {
                    return ControlFlow::Continue(());
                }
                self.hear_one().await?;
            }
        }
    }

    async fn read_head(&mut self, case: &Case) -> Flow {
        "the answer to the handshake".clone_into(&mut self.waits_for);
        let head = match self.wire.head().await {
            Ok(Some(head)) => head,
            Ok(None) => return ControlFlow::Break(Ok(Answer::Ended)),
            Err(fault) => return ControlFlow::Break(Err(fault)),
        };
        if head.status != 101 {
            return ControlFlow::Break(check_refusal(&head));
        }
        if let Err(fault) = check_opening(&head, case) {
            return ControlFlow::Break(Err(fault));
        }
        self.greet().await?;
        self.probe().await?;
        ControlFlow::Break(Ok(Answer::Opened))
    }

    /// Pings and sends a command.
    async fn probe(&mut self) -> Flow {
        self.wire.send(&Frame::ping(PROBE).bytes()).await;
        self.hear_pong(PROBE).await?;
        let command = self.setting.command();
        self.wire.send(&Frame::text(command.text).bytes()).await;
        match self.hear_applied(command.id).await {
            ControlFlow::Break(Ok(answer)) => {
                let late = format!("{answer}, but only after it had answered a ping");
                ControlFlow::Break(Err(late))
            }
            flow => flow,
        }
    }

    async fn hear_pong(&mut self, payload: &[u8]) -> Flow {
        self.hear(
            "a pong",
            |heard| matches!(heard, Heard::Pong(pong) if pong == payload),
        )
        .await
    }

    async fn hear_type(&mut self, kind: &str) -> Flow {
        self.hear(&format!("a frame of type {kind}"), |heard| {
            frame_of(heard).is_some_and(|frame| frame["type"] == kind)
        })
        .await
    }

    async fn hear_applied(&mut self, id: Uuid) -> Flow {
        self.hear(&format!("the outcome of {id}"), |heard| {
            frame_of(heard).is_some_and(|frame| {
                frame["type"] == "command_result"
                    && frame["operationId"] == id.to_string()
                    && frame["outcome"]["status"] == "applied"
            })
        })
        .await
    }

    /// Reads until something is heard, or the connection ends.
    async fn hear(&mut self, what: &str, is_it: impl Fn(&Heard) -> bool) -> Flow {
        what.clone_into(&mut self.waits_for);
        loop {
            let heard = self.hear_one().await?;
            if is_it(&heard) {
                return ControlFlow::Continue(());
            }
        }
    }

    /// Reads the next frame, unless the connection ends.
    async fn hear_one(&mut self) -> ControlFlow<End, Heard> {
        match self.wire.next().await {
            Heard::Close(code) => ControlFlow::Break(self.close(code).await),
            Heard::End => ControlFlow::Break(Ok(Answer::Ended)),
            Heard::Broken(fault) => ControlFlow::Break(Err(fault)),
            heard => ControlFlow::Continue(heard),
        }
    }

    /// Answers a close; the server must then end the connection, and say nothing more.
    async fn close(&mut self, code: Option<u16>) -> End {
        let echo = code.map_or_else(
            || Frame::new(super::frame::Opcode::CLOSE, []),
            |code| Frame::close(code, ""),
        );
        self.wire.send(&echo.bytes()).await;
        "the server to end the connection after its close".clone_into(&mut self.waits_for);
        match self.wire.next().await {
            Heard::End => Ok(code.map_or(Answer::ClosedWithoutCode, Answer::Closed)),
            more => Err(format!("the server sent {more:?} after its close")),
        }
    }
}

fn frame_of(heard: &Heard) -> Option<Value> {
    let Heard::Text(text) = heard else {
        return None;
    };
    serde_json::from_str(text).ok()
}
