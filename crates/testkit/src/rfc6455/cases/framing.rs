//! Frames: RFC 6455, section 5.2.

use crate::rfc6455::case::{Answer, Case, Step};
use crate::rfc6455::frame::{Frame, LengthForm, Opcode};
use crate::rfc6455::setting::Setting;

/// Why a length in a longer form than needed may be taken.
const LONG_FORM: &str = "the shortest form is the sender's duty; tungstenite takes the others, \
    whose length is bounded like any";

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = lengths(setting);
    cases.extend(forms());
    cases.extend(reserved_bits());
    cases.extend(reserved_opcodes());
    cases.extend(masks(setting));
    cases.extend(packets(setting));
    cases
}

/// Lengths around the changes of form: 7 bits up to 125, 16 bits up to 65 535, then 64 bits.
fn lengths(setting: &Setting) -> Vec<Case> {
    let heartbeat = r#"{"type":"request_sync"}"#;
    let small = [heartbeat.len(), 124, 125, 126, 127, 128]
        .into_iter()
        .map(|length| {
            Case::greeted(format!("a text of {length} bytes"), "5.2")
                .send(Frame::text(format!("{heartbeat:<length$}")))
                .step(Step::Hear("sync"))
                .goes_on()
        });
    let large = [65_534, 65_535, 65_536].into_iter().map(|length| {
        let command = setting.command().padded_to(length);
        Case::greeted(format!("a text of {length} bytes"), "5.2")
            .send(Frame::text(command.text))
            .hear_applied(command.id)
            .goes_on()
    });
    let empty = Case::greeted("a text of no bytes", "5.2")
        .send(Frame::text(""))
        .step(Step::Hear("error"))
        .goes_on();
    [empty].into_iter().chain(small).chain(large).collect()
}

fn forms() -> Vec<Case> {
    let sync = || Frame::text(r#"{"type":"request_sync"}"#);
    let case = |title: &str, frame: Frame| {
        Case::greeted(title, "5.2")
            .send(frame)
            .goes_on()
            .or(&[Answer::Closed(1002)], LONG_FORM)
    };
    let too_large =
        "a length of 2^63 and more is refused as too large before its form is looked at";
    vec![
        case(
            "23 bytes, length in 16 bits",
            sync().length_as(LengthForm::Word),
        ),
        case(
            "23 bytes, length in 64 bits",
            sync().length_as(LengthForm::Long),
        ),
        case(
            "200 bytes, length in 64 bits",
            Frame::text(format!("{:<200}", r#"{"type":"heartbeat"}"#)).length_as(LengthForm::Long),
        ),
        case(
            "a ping, length in 16 bits",
            Frame::ping("x").length_as(LengthForm::Word),
        ),
        Case::greeted("a length with its highest bit set", "5.2")
            .send(sync().claiming(1 << 63 | 23))
            .closes(1002)
            .or(&[Answer::Closed(1009)], too_large),
        Case::greeted("the highest length", "5.2")
            .send(Frame::binary("x").claiming(u64::MAX))
            .closes(1002)
            .or(&[Answer::Closed(1009)], too_large),
    ]
}

fn reserved_bits() -> Vec<Case> {
    let frames = [
        ("a text", Frame::text(r#"{"type":"heartbeat"}"#)),
        ("a binary frame", Frame::binary("x")),
        ("a ping", Frame::ping("x")),
        ("a pong", Frame::pong("x")),
        ("a close", Frame::close(1000, "")),
    ];
    let mut cases = Vec::new();
    for (name, frame) in frames {
        for bits in [4, 2, 1, 7] {
            let case = Case::greeted(format!("{name} with reserved bits {bits:03b}"), "5.2")
                .send(frame.clone().reserved(bits))
                .closes(1002);
            cases.push(case);
        }
    }
    cases.push(
        Case::greeted("a continuation with RSV1", "5.2")
            .send(vec![
                Frame::text(r#"{"type":"#).unfinished(),
                Frame::continuation(r#""heartbeat"}"#).reserved(4),
            ])
            .closes(1002),
    );
    cases.push(
        Case::opened("RSV1 before the hello", "5.2")
            .send(Frame::text("{}").reserved(4))
            .closes(1002),
    );
    cases
}

fn reserved_opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        for (what, payload) in [("empty", ""), ("with a payload", "x")] {
            cases.push(
                Case::greeted(format!("opcode {opcode:#x}, {what}"), "5.2")
                    .send(Frame::new(Opcode(opcode), payload))
                    .closes(1002),
            );
        }
    }
    cases.push(
        Case::greeted("opcode 0x3 between good frames", "5.2")
            .send(vec![
                Frame::text(r#"{"type":"heartbeat"}"#),
                Frame::new(Opcode(3), "x"),
                Frame::text(r#"{"type":"heartbeat"}"#),
            ])
            .closes(1002),
    );
    cases
}

fn masks(setting: &Setting) -> Vec<Case> {
    let masked = |title: &str, key| {
        let command = setting.command();
        Case::greeted(title, "5.3")
            .send(Frame::text(command.text).masked_with(key))
            .hear_applied(command.id)
            .goes_on()
    };
    let unmasked = |title: &str, frame: Frame| {
        Case::greeted(title, "5.1")
            .send(frame.unmasked())
            .closes(1002)
    };
    vec![
        masked("a mask of zeros", [0; 4]),
        masked("a mask of ones", [0xff; 4]),
        unmasked(
            "a text without a mask",
            Frame::text(r#"{"type":"heartbeat"}"#),
        ),
        unmasked("an empty text without a mask", Frame::text("")),
        unmasked("a ping without a mask", Frame::ping("x")),
        unmasked("a close without a mask", Frame::close(1000, "")),
        Case::opened("a hello without a mask", "5.1")
            .send(Frame::text(setting.hello()).unmasked())
            .closes(1002),
    ]
}

/// Frames do not follow the borders of packets.
fn packets(setting: &Setting) -> Vec<Case> {
    let slow = setting.command();
    let commands: Vec<_> = (0..100).map(|_| setting.command()).collect();
    let frames: Vec<Frame> = commands
        .iter()
        .map(|command| Frame::text(command.text.as_str()))
        .collect();
    let (first, second) = (setting.command(), setting.command());
    let both: Vec<u8> = [&first, &second]
        .iter()
        .flat_map(|command| Frame::text(command.text.as_str()).bytes())
        .collect();
    let cut = both.len() / 2 + 1;
    vec![
        Case::greeted("a frame byte by byte", "5.2")
            .send_byte_by_byte(Frame::text(slow.text))
            .hear_applied(slow.id)
            .goes_on(),
        Case::greeted("a hundred frames at once", "5.2")
            .send(frames)
            .hear_applied(commands[99].id)
            .goes_on(),
        Case::greeted("two frames, cut inside of the second", "5.2")
            .send(both[..cut].to_vec())
            .hear_applied(first.id)
            .send(both[cut..].to_vec())
            .hear_applied(second.id)
            .goes_on(),
    ]
}
