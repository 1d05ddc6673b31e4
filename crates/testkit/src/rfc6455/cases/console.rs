//! The console's own socket, which has a hello of another form and takes no commands: that it
//! closes as the graphs' sockets do.

use crate::rfc6455::case::{Answer, Case};
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let hello = || Frame::text(format!(r#"{{"token":"{}"}}"#, setting.token));
    let broken: [(&str, Frame, u16); 6] = [
        ("reserved bits", Frame::text("{}").reserved(2), 1002),
        ("a text without a mask", Frame::text("{}").unmasked(), 1002),
        ("a continuation of nothing", Frame::continuation("x"), 1002),
        ("a binary message", Frame::binary("x"), 1003),
        ("no UTF-8", Frame::text(b"\xff"), 1007),
        (
            "a message above the limit",
            Frame::text("x").claiming(1 << 20),
            1009,
        ),
    ];
    let mut cases = Vec::new();
    for (title, frame, code) in broken {
        cases.push(
            Case::console(format!("{title}, before the hello"), "7.4")
                .send(frame.clone())
                .closes(code),
        );
        cases.push(
            Case::console(title, "7.4")
                .send(hello())
                .hear_text()
                .send(frame)
                .closes(code),
        );
    }
    cases.push(
        Case::console("a ping", "5.5.2")
            .send(hello())
            .send(Frame::ping("x"))
            .hear_pong("x")
            .send(Frame::close(1000, ""))
            .closes(1000),
    );
    cases.push(
        Case::console("a close before the hello", "5.5.1")
            .send(Frame::new(Opcode::CLOSE, ""))
            .expect(Answer::ClosedWithoutCode),
    );
    cases.push(
        Case::console("no JSON instead of a hello", "ours")
            .send(Frame::text("hello"))
            .closes(4500),
    );
    cases
}
