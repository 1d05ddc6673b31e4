//! Binary messages, which this protocol does not have, and everything that is bounded.

use std::time::Duration;

use crate::rfc6455::case::{Answer, Case, Step};
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

/// The largest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// How long cases may take that wait for the first frame's deadline.
const HELLO_PATIENCE: Duration = Duration::from_secs(40);
/// How long cases may take that wait until silence is noticed.
const SILENCE_PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = binary(setting);
    cases.extend(messages(setting));
    cases.extend(contents());
    cases.extend(hellos(setting));
    cases.extend(deadlines(setting));
    cases
}

fn binary(setting: &Setting) -> Vec<Case> {
    let case = |title: &str, frames: Vec<Frame>| {
        Case::greeted(title, "7.4.1 (1003)")
            .send(frames)
            .listen()
            .closes(1003)
    };
    let command = setting.command();
    vec![
        case("a binary message", vec![Frame::binary([0, 1, 2, 0xff])]),
        case("an empty binary message", vec![Frame::binary("")]),
        case(
            "a command as a binary message",
            vec![Frame::binary(command.text)],
        )
        .unseen(command.id),
        case(
            "a binary message in fragments",
            Frame::fragments(Opcode::BINARY, &[0xff; 100], 30),
        ),
        Case::opened("a hello as a binary message", "7.4.1 (1003)")
            .send(Frame::binary(setting.hello()))
            .closes(1003),
    ]
}

fn messages(setting: &Setting) -> Vec<Case> {
    let whole = setting.command().padded_to(MESSAGE_BYTES_MAX);
    let parts = setting.command().padded_to(MESSAGE_BYTES_MAX);
    let above = setting.command().padded_to(MESSAGE_BYTES_MAX + 1);
    let parts_above = setting.command().padded_to(MESSAGE_BYTES_MAX + 1);
    let closes = |title: &str| Case::greeted(title, "7.4.1 (1009)").closes(1009);
    let fragments = |text: &str, size: usize| Frame::fragments(Opcode::TEXT, text.as_bytes(), size);
    vec![
        Case::greeted("a message of 64 KiB", "ours")
            .send(Frame::text(whole.text))
            .hear_applied(whole.id)
            .goes_on(),
        Case::greeted("64 KiB in fragments", "ours")
            .send(fragments(&parts.text, 1000))
            .hear_applied(parts.id)
            .goes_on(),
        closes("a message of one byte more")
            .send(Frame::text(above.text))
            .unseen(above.id),
        closes("fragments of one byte more")
            .send(fragments(&parts_above.text, 1000))
            .unseen(parts_above.id),
        closes("a message of 1 TiB, only announced").send(Frame::text("x").claiming(1 << 40)),
        closes("a binary message of one byte more")
            .send(Frame::binary(vec![0; MESSAGE_BYTES_MAX + 1])),
        closes("fragments without an end")
            .send(Frame::text(" ").unfinished())
            .step(Step::SendForEver(
                Frame::continuation(" ".repeat(1000)).unfinished().bytes(),
                Duration::from_millis(5),
            ))
            .listen(),
        Case::opened("64 KiB and a byte before the hello", "7.4.1 (1009)")
            .send(Frame::text(" ".repeat(MESSAGE_BYTES_MAX + 1)))
            .closes(1009),
    ]
}

/// Texts that are frames, and hold what this protocol does not know.
fn contents() -> Vec<Case> {
    let refused = |title: &str, text: String| {
        Case::greeted(title, "ours")
            .send(Frame::text(text))
            .step(Step::Hear("error"))
            .goes_on()
    };
    vec![
        refused("no JSON", "hello there".to_owned()),
        refused("JSON 30 000 levels deep", "[".repeat(30_000)),
        refused("JSON that is no object", "[1, 2]".to_owned()),
        refused("an unknown type", r#"{"type":"nonsense"}"#.to_owned()),
        Case::greeted("nonsense without end", "ours")
            .send(vec![Frame::text("nonsense"); 1000])
            .listen()
            .closes(4500),
    ]
}

fn hellos(setting: &Setting) -> Vec<Case> {
    let hello = setting.hello();
    let broken = |title: &str, frame: Frame| Case::opened(title, "ours").send(frame).closes(4500);
    vec![
        broken(
            "a hello of more than 4 KiB",
            Frame::text(format!("{hello:<5000}")),
        ),
        broken("no hello", Frame::text(r#"{"type":"heartbeat"}"#)),
        broken("an empty first frame", Frame::text("")),
        Case::greeted("a second hello", "ours")
            .send(Frame::text(setting.hello()))
            .listen()
            .closes(4500),
        Case::opened("a token that is none", "ours")
            .send(Frame::text(hello.replace(&setting.token, "nonsense")))
            .closes(4501),
    ]
}

/// Who keeps the server waiting is closed.
fn deadlines(setting: &Setting) -> Vec<Case> {
    let half = Frame::text(setting.hello()).bytes()[..40].to_vec();
    let begun = || Frame::text("{").unfinished();
    vec![
        Case::opened("no hello, ever", "ours")
            .within(HELLO_PATIENCE)
            .closes(4002),
        Case::opened("half a hello", "ours")
            .send(half)
            .within(HELLO_PATIENCE)
            .closes(4002),
        Case::opened("only pings before the hello", "ours")
            .step(Step::SendForEver(
                Frame::ping("").bytes(),
                Duration::from_secs(1),
            ))
            .within(HELLO_PATIENCE)
            .closes(4002),
        Case::greeted("silence, pings are not answered", "ours")
            .listen()
            .within(SILENCE_PATIENCE)
            .closes(4002),
        Case::greeted("half a message, then silence", "ours")
            .send(begun())
            .listen()
            .within(SILENCE_PATIENCE)
            .closes(4002),
        Case::greeted("half a frame, then silence", "ours")
            .send(Frame::text("{").claiming(1000))
            .listen()
            .within(SILENCE_PATIENCE)
            .expect(Answer::Closed(4002)),
    ]
}
