//! The closing handshake: RFC 6455, sections 5.5.1 and 7; and ends without one.

use crate::rfc6455::case::{Answer, Case, Step};
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

/// Codes that an endpoint may send.
const GOOD: [u16; 16] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4500, 4999,
];
/// Codes that nobody may send.
const BAD: [u16; 13] = [
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
];

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = codes();
    cases.extend(payloads());
    cases.extend(after_close(setting));
    cases.extend(early());
    cases.extend(abrupt(setting));
    cases
}

fn codes() -> Vec<Case> {
    let good = GOOD.iter().map(|code| {
        Case::greeted(format!("code {code}"), "7.4")
            .send(Frame::close(*code, ""))
            .listen()
            .closes(*code)
    });
    let bad = BAD.iter().map(|code| {
        Case::greeted(format!("code {code}, which is not to be sent"), "7.4")
            .send(Frame::close(*code, ""))
            .listen()
            .closes(1002)
    });
    let young = Case::greeted("code 1014", "7.4.2")
        .send(Frame::close(1014, ""))
        .listen()
        .closes(1014)
        .or(
            &[Answer::Closed(1002)],
            "registered after the RFC, for gateways; tungstenite does not know it",
        );
    good.chain(bad).chain([young]).collect()
}

fn payloads() -> Vec<Case> {
    let closes = |title: &str, frame: Frame, code| {
        Case::greeted(title, "5.5.1")
            .send(frame)
            .listen()
            .closes(code)
    };
    vec![
        Case::greeted("no code", "5.5.1")
            .send(Frame::new(Opcode::CLOSE, ""))
            .listen()
            .expect(Answer::ClosedWithoutCode),
        closes(
            "a payload of one byte",
            Frame::new(Opcode::CLOSE, [3]),
            1002,
        ),
        closes("a reason", Frame::close(1000, "enough for today"), 1000),
        closes(
            "a reason of 123 bytes",
            Frame::close(1000, "x".repeat(123)),
            1000,
        ),
        closes(
            "a reason in other letters",
            Frame::close(1000, "bis später 🌍"),
            1000,
        ),
        closes(
            "a reason that is no UTF-8",
            Frame::close(1000, b"\xff"),
            1007,
        ),
        closes(
            "a reason cut inside of a character",
            Frame::close(1000, b"\xe2\x82"),
            1007,
        ),
        Case::greeted("a close byte by byte", "5.5.1")
            .send_byte_by_byte(Frame::close(1001, "slowly"))
            .listen()
            .closes(1001),
    ]
}

/// Nothing that comes behind a close counts.
fn after_close(setting: &Setting) -> Vec<Case> {
    let command = setting.command();
    let case = |title: &str, more: Vec<Frame>| {
        let frames = [vec![Frame::close(1000, "")], more].concat();
        Case::greeted(title, "5.5.1")
            .send(frames)
            .listen()
            .closes(1000)
    };
    vec![
        case(
            "a command behind the close",
            vec![Frame::text(command.text)],
        )
        .unseen(command.id),
        case("a ping behind the close", vec![Frame::ping("x")]),
        case("a second close", vec![Frame::close(1001, "")]),
        case(
            "nonsense behind the close",
            vec![Frame::new(Opcode(7), "x")],
        ),
        Case::greeted("the end of TCP behind the close", "7.1.1")
            .send(Frame::close(1000, ""))
            .step(Step::Finish)
            .listen()
            .closes(1000),
    ]
}

/// Closes before the hello.
fn early() -> Vec<Case> {
    vec![
        Case::opened("code 1000 before the hello", "5.5.1")
            .send(Frame::close(1000, ""))
            .closes(1000),
        Case::opened("no code before the hello", "5.5.1")
            .send(Frame::new(Opcode::CLOSE, ""))
            .expect(Answer::ClosedWithoutCode),
        Case::opened("a payload of one byte before the hello", "5.5.1")
            .send(Frame::new(Opcode::CLOSE, [3]))
            .closes(1002),
    ]
}

/// Ends without a close: there is nobody to answer, and nothing may be left behind.
fn abrupt(setting: &Setting) -> Vec<Case> {
    let half = Frame::text(setting.command().text).bytes();
    let half = half[..half.len() / 2].to_vec();
    let unread = setting.command();
    vec![
        Case::opened("a reset before the hello", "7.1.4").reset(),
        Case::greeted("a reset", "7.1.4").reset(),
        Case::greeted("a reset inside of a frame", "7.1.4")
            .send(half.clone())
            .reset(),
        Case::greeted("a reset behind a command", "7.1.4")
            .send(Frame::text(unread.text))
            .reset(),
        Case::greeted("the end of TCP without a close", "7.1.4")
            .step(Step::Finish)
            .listen()
            .expect(Answer::Ended),
        Case::greeted("the end of TCP inside of a frame", "7.1.4")
            .send(half)
            .step(Step::Finish)
            .listen()
            .expect(Answer::Ended),
        Case::opened("the end of TCP before the hello", "7.1.4")
            .step(Step::Finish)
            .expect(Answer::Ended),
    ]
}
