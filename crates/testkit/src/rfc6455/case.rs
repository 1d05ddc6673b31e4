//! One case: what is done to the server, and which answers are right.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::frame::Bytes;

/// How long an ordinary case may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far a connection is when a case begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// TCP only.
    Connected,
    /// The handshake is done.
    Opened,
    /// The handshake is done with the console's socket instead of the graph's.
    Console,
    /// The hello is answered.
    Greeted,
}

/// One thing to do, or to hear before the next is done.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes at once.
    Send(Vec<u8>),
    /// Sends bytes one by one, each in a packet of its own.
    SendByteByByte(Vec<u8>),
    /// Sends the same bytes over and over until the server has had enough or ends the connection.
    SendForEver(Vec<u8>, Duration),
    /// Hears that the handshake is done.
    HearOpened,
    /// Hears a pong.
    HearPong(Vec<u8>),
    /// Hears that a command was applied.
    HearApplied(Uuid),
    /// Hears any text.
    HearText,
    /// Hears a frame of a type.
    Hear(&'static str),
    /// Ends this side's half of the connection.
    Finish,
}

/// What is done after the steps, to find out how the server took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Reads the answer to the handshake.
    ReadHead,
    /// Pings and sends a command, unless the server closes.
    Probe,
    /// Waits for the server's close.
    Listen,
    /// Cuts the connection with a reset.
    Reset,
}

/// How a server may take a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The handshake is answered with 101, and the socket works.
    Opened,
    /// The handshake is refused with a status.
    Status(u16),
    /// A normal exchange goes on.
    GoesOn,
    /// The server sends a close with this code and ends the connection.
    Closed(u16),
    /// The server sends a close without a code and ends the connection.
    ClosedWithoutCode,
    /// The server ends the connection without a word.
    Ended,
    /// There is nobody left to be answered.
    Cut,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => f.write_str("101"),
            Self::Status(status) => write!(f, "{status}"),
            Self::GoesOn => f.write_str("goes on"),
            Self::Closed(code) => write!(f, "close {code}"),
            Self::ClosedWithoutCode => f.write_str("close without code"),
            Self::Ended => f.write_str("end of TCP"),
            Self::Cut => f.write_str("(cut)"),
        }
    }
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its number, `<group>.<case>`.
    pub number: String,
    /// What is done.
    pub title: String,
    /// The section of RFC 6455, or what else demands it.
    pub section: &'static str,
    /// How far the connection is before.
    pub start: Start,
    /// What is done.
    pub steps: Vec<Step>,
    /// What is done to see how it was taken.
    pub then: Then,
    /// The right answers.
    pub expected: Vec<Answer>,
    /// Why there is more than one.
    pub reason: Option<&'static str>,
    /// A command that must not have been seen.
    pub unseen: Option<Uuid>,
    /// How long the case may take.
    pub patience: Duration,
}

impl Case {
    fn new(title: impl Into<String>, section: &'static str, start: Start, then: Then) -> Self {
        Self {
            number: String::new(),
            title: title.into(),
            section,
            start,
            steps: Vec::new(),
            then,
            expected: Vec::new(),
            reason: None,
            unseen: None,
            patience: PATIENCE,
        }
    }

    /// Begins a case of the handshake, with what is sent.
    #[must_use]
    pub fn handshake(title: impl Into<String>, section: &'static str, request: String) -> Self {
        Self::new(title, section, Start::Connected, Then::ReadHead).send(request.into_bytes())
    }

    /// Begins a case on a connection without a byte.
    #[must_use]
    pub fn connected(title: impl Into<String>, section: &'static str) -> Self {
        Self::new(title, section, Start::Connected, Then::ReadHead)
    }

    /// Begins a case on an open socket before its hello.
    #[must_use]
    pub fn opened(title: impl Into<String>, section: &'static str) -> Self {
        Self::new(title, section, Start::Opened, Then::Listen)
    }

    /// Begins a case on the console's socket before its hello.
    #[must_use]
    pub fn console(title: impl Into<String>, section: &'static str) -> Self {
        Self::new(title, section, Start::Console, Then::Listen)
    }

    /// Begins a case on a socket in use.
    #[must_use]
    pub fn greeted(title: impl Into<String>, section: &'static str) -> Self {
        Self::new(title, section, Start::Greeted, Then::Probe)
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Sends something at once.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        let Bytes(bytes) = bytes.into();
        self.step(Step::Send(bytes))
    }

    /// Sends something byte by byte.
    #[must_use]
    pub fn send_byte_by_byte(self, bytes: impl Into<Bytes>) -> Self {
        let Bytes(bytes) = bytes.into();
        self.step(Step::SendByteByByte(bytes))
    }

    /// Hears a pong.
    #[must_use]
    pub fn hear_pong(self, payload: impl Into<Vec<u8>>) -> Self {
        self.step(Step::HearPong(payload.into()))
    }

    /// Hears any text.
    #[must_use]
    pub fn hear_text(self) -> Self {
        self.step(Step::HearText)
    }

    /// Hears that a command was applied.
    #[must_use]
    pub fn hear_applied(self, id: Uuid) -> Self {
        self.step(Step::HearApplied(id))
    }

    /// Pings and sends a command after the steps.
    #[must_use]
    pub fn probe(mut self) -> Self {
        self.then = Then::Probe;
        self
    }

    /// Only listens after the steps.
    #[must_use]
    pub fn listen(mut self) -> Self {
        self.then = Then::Listen;
        self
    }

    /// Cuts the connection after the steps.
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.then = Then::Reset;
        self.expect(Answer::Cut)
    }

    /// Demands that a command was not seen.
    #[must_use]
    pub fn unseen(mut self, id: Uuid) -> Self {
        self.unseen = Some(id);
        self
    }

    /// Gives the case more time; such cases are played beside the others.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Says whether the case waits for one of the server's own deadlines.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.patience > PATIENCE
    }

    /// Names the right answer.
    #[must_use]
    pub fn expect(mut self, answer: Answer) -> Self {
        self.expected = vec![answer];
        self
    }

    /// Names the right close code.
    #[must_use]
    pub fn closes(self, code: u16) -> Self {
        self.expect(Answer::Closed(code))
    }

    /// Says that a normal exchange goes on.
    #[must_use]
    pub fn goes_on(self) -> Self {
        self.expect(Answer::GoesOn)
    }

    /// Names further right answers, and why they are as right.
    #[must_use]
    pub fn or(mut self, answers: &[Answer], reason: &'static str) -> Self {
        self.expected.extend(answers);
        self.reason = Some(reason);
        self
    }

    /// Writes the right answers.
    #[must_use]
    pub fn expectation(&self) -> String {
        let answers: Vec<String> = self.expected.iter().map(ToString::to_string).collect();
        answers.join(" or ")
    }
}
