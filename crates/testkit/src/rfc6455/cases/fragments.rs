//! Messages in fragments: RFC 6455, section 5.4.

use crate::rfc6455::case::Case;
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = taken(setting);
    cases.extend(interrupted(setting));
    cases.extend(wrong(setting));
    cases
}

fn taken(setting: &Setting) -> Vec<Case> {
    let cut = |title: &str, size: usize| {
        let command = setting.command();
        Case::greeted(title, "5.4")
            .send(Frame::fragments(
                Opcode::TEXT,
                command.text.as_bytes(),
                size,
            ))
            .hear_applied(command.id)
            .goes_on()
    };
    let padded = |title: &str, before: usize, between: usize, after: usize| {
        let command = setting.command();
        let (left, right) = command.text.split_at(20);
        let nothing = |count| (0..count).map(|_| Frame::continuation("").unfinished());
        let mut frames = vec![Frame::text("").unfinished()];
        frames.extend(nothing(before));
        frames.push(Frame::continuation(left).unfinished());
        frames.extend(nothing(between));
        frames.push(Frame::continuation(right).unfinished());
        frames.extend(nothing(after));
        frames.push(Frame::continuation(""));
        Case::greeted(title, "5.4")
            .send(frames)
            .hear_applied(command.id)
            .goes_on()
    };
    let slow = setting.command();
    let large = setting.command().padded_to(60_000);
    vec![
        cut("a text in two fragments", 100),
        cut("a text in fragments of 7 bytes", 7),
        cut("a text in fragments of one byte", 1),
        padded("empty fragments at both ends", 0, 0, 0),
        padded("a thousand empty fragments", 300, 400, 300),
        Case::greeted("fragments byte by byte", "5.4")
            .send_byte_by_byte(Frame::fragments(Opcode::TEXT, slow.text.as_bytes(), 50))
            .hear_applied(slow.id)
            .goes_on(),
        Case::greeted("60 000 bytes in fragments of 13", "5.4")
            .send(Frame::fragments(Opcode::TEXT, large.text.as_bytes(), 13))
            .hear_applied(large.id)
            .goes_on(),
        Case::opened("the hello in fragments", "5.4")
            .send(Frame::fragments(
                Opcode::TEXT,
                setting.hello().as_bytes(),
                9,
            ))
            .probe()
            .goes_on(),
    ]
}

/// Control frames may come between fragments; data frames may not.
fn interrupted(setting: &Setting) -> Vec<Case> {
    let mut with_pings = Vec::new();
    let pinged = setting.command();
    for frame in Frame::fragments(Opcode::TEXT, pinged.text.as_bytes(), 10) {
        with_pings.extend([Frame::ping("between"), frame]);
    }
    let (early, late) = (setting.command(), setting.command());
    let fragments = Frame::fragments(Opcode::TEXT, early.text.as_bytes(), 80);
    let (first, rest) = (fragments[0].clone(), fragments[1..].to_vec());
    let with_pong = Frame::fragments(Opcode::TEXT, late.text.as_bytes(), 80);
    let mut between = vec![with_pong[0].clone(), Frame::pong("unasked")];
    between.extend_from_slice(&with_pong[1..]);
    vec![
        Case::greeted("a ping between fragments is answered at once", "5.4")
            .send(first)
            .send(Frame::ping("now"))
            .hear_pong("now")
            .send(rest)
            .hear_applied(early.id)
            .goes_on(),
        Case::greeted("a ping before each fragment", "5.4")
            .send(with_pings)
            .hear_pong("between")
            .hear_applied(pinged.id)
            .goes_on(),
        Case::greeted("a pong between fragments", "5.4")
            .send(between)
            .hear_applied(late.id)
            .goes_on(),
        Case::greeted("a close between fragments", "5.4")
            .send(Frame::text("{").unfinished())
            .send(Frame::close(1000, ""))
            .listen()
            .closes(1000),
    ]
}

fn wrong(setting: &Setting) -> Vec<Case> {
    let closes =
        |title: &str, frames: Vec<Frame>| Case::greeted(title, "5.4").send(frames).closes(1002);
    let begun = || Frame::text("{").unfinished();
    let unseen = setting.command();
    vec![
        closes(
            "a last continuation of nothing",
            vec![Frame::continuation("x")],
        ),
        closes(
            "a continuation of nothing that goes on",
            vec![Frame::continuation("x").unfinished()],
        ),
        closes(
            "an empty continuation of nothing",
            vec![Frame::continuation("")],
        ),
        closes(
            "a continuation after the last",
            vec![
                Frame::text(r#"{"type":"#).unfinished(),
                Frame::continuation(r#""heartbeat"}"#),
                Frame::continuation("x"),
            ],
        ),
        closes(
            "a new text inside of a text",
            vec![begun(), Frame::text("{}")],
        ),
        closes(
            "a new text in fragments inside of a text",
            vec![begun(), Frame::text("{").unfinished()],
        ),
        closes(
            "a binary frame inside of a text",
            vec![begun(), Frame::binary("x")],
        ),
        closes(
            "a text inside of a binary message",
            vec![Frame::binary("x").unfinished(), Frame::text("{}")],
        ),
        closes(
            "a whole command inside of a text",
            vec![begun(), Frame::text(unseen.text.as_str())],
        )
        .unseen(unseen.id),
        Case::opened("a continuation before the hello", "5.4")
            .send(Frame::continuation("x"))
            .closes(1002),
        Case::greeted("fragments without an end, then a reset", "5.4")
            .send(begun())
            .reset(),
    ]
}
