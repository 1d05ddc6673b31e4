//! Pings and pongs: RFC 6455, section 5.5.

use crate::rfc6455::case::{Answer, Case};
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

/// How many pings or pongs are many.
const FLOOD: usize = 5_000;

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = answered(setting);
    cases.extend(floods());
    cases.extend(too_long());
    cases.extend(fragmented());
    cases
}

fn answered(setting: &Setting) -> Vec<Case> {
    let ping = |title: &str, payload: &[u8]| {
        Case::greeted(title, "5.5.2")
            .send(Frame::ping(payload))
            .hear_pong(payload)
            .goes_on()
    };
    let all: Vec<u8> = (131..=255).collect();
    let command = setting.command();
    vec![
        ping("an empty ping", b""),
        ping("a ping with a text", b"hello"),
        ping("a ping with bytes that are no text", &[0, 0xff, 0xfe, 0x80]),
        ping("a ping with 125 bytes", &all),
        Case::opened("a ping before the hello", "5.5.2")
            .send(Frame::ping("early"))
            .hear_pong("early")
            .send(Frame::text(setting.hello()))
            .probe()
            .goes_on(),
        Case::greeted("a ping byte by byte", "5.5.2")
            .send_byte_by_byte(Frame::ping("slow"))
            .hear_pong("slow")
            .goes_on(),
        Case::greeted("two pings, one after the other's answer", "5.5.2")
            .send(Frame::ping("one"))
            .hear_pong("one")
            .send(Frame::ping("two"))
            .hear_pong("two")
            .goes_on(),
        Case::greeted("a ping behind a command", "5.5.2")
            .send(vec![Frame::text(command.text), Frame::ping("behind")])
            .hear_pong("behind")
            .hear_applied(command.id)
            .goes_on(),
        Case::greeted("a pong that nobody asked for", "5.5.3")
            .send(Frame::pong("unasked"))
            .goes_on(),
        Case::greeted("an empty pong that nobody asked for", "5.5.3")
            .send(Frame::pong(""))
            .goes_on(),
        Case::greeted("a pong of 125 bytes", "5.5.3")
            .send(Frame::pong(all))
            .goes_on(),
        Case::opened("a pong before the hello", "5.5.3")
            .send(vec![Frame::pong("early"), Frame::text(setting.hello())])
            .probe()
            .goes_on(),
    ]
}

/// Only the last of many pings has to be answered (section 5.5.3).
fn floods() -> Vec<Case> {
    let mut pings: Vec<Frame> = (0..FLOOD)
        .map(|number| Frame::ping(number.to_string()))
        .collect();
    pings.push(Frame::ping("the last"));
    let pongs: Vec<Frame> = (0..FLOOD).map(|_| Frame::pong("x")).collect();
    vec![
        Case::greeted("ten pings at once", "5.5.3")
            .send(pings[..10].to_vec())
            .hear_pong("9")
            .goes_on(),
        Case::greeted("5 000 pings at once", "5.5.3")
            .send(pings)
            .hear_pong("the last")
            .goes_on(),
        Case::greeted("5 000 pongs at once", "5.5.3")
            .send(pongs)
            .goes_on(),
    ]
}

fn too_long() -> Vec<Case> {
    let case = |title: &str, frame: Frame| Case::greeted(title, "5.5").send(frame).closes(1002);
    let too_large = "too large for a control frame and for any message: both are said rightly";
    vec![
        case("a ping of 126 bytes", Frame::ping(vec![b'x'; 126])),
        case("a pong of 126 bytes", Frame::pong(vec![b'x'; 126])),
        case("a ping of 65 536 bytes", Frame::ping(vec![b'x'; 65_536])),
        case("a ping of 65 537 bytes", Frame::ping(vec![b'x'; 65_537]))
            .or(&[Answer::Closed(1009)], too_large),
        case("a close of 126 bytes", Frame::close(1000, [b'x'; 124])),
    ]
}

fn fragmented() -> Vec<Case> {
    let case =
        |title: &str, frames: Vec<Frame>| Case::greeted(title, "5.5").send(frames).closes(1002);
    vec![
        case("a ping that goes on", vec![Frame::ping("x").unfinished()]),
        case("a pong that goes on", vec![Frame::pong("x").unfinished()]),
        case(
            "a close that goes on",
            vec![Frame::close(1000, "").unfinished()],
        ),
        case(
            "a ping in two fragments",
            vec![Frame::ping("x").unfinished(), Frame::continuation("y")],
        ),
        case(
            "a ping that goes on inside of a text",
            vec![
                Frame::text("{").unfinished(),
                Frame::new(Opcode::PING, "x").unfinished(),
            ],
        ),
    ]
}
