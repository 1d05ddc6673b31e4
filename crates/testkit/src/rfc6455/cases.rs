//! The list of cases, by group.

mod close;
mod console;
mod control;
mod fragments;
mod framing;
mod handshake;
mod limits;
mod utf8;

use super::case::Case;
use super::frame::Frame;
use super::setting::Setting;

/// A group's title and its cases.
type Group = (&'static str, Vec<Case>);

/// Returns every case, numbered, with the title of its group.
#[must_use]
pub fn all(setting: &Setting) -> Vec<Group> {
    let mut groups = vec![
        ("opening handshake", handshake::cases(setting)),
        ("framing", framing::cases(setting)),
        ("fragments", fragments::cases(setting)),
        ("control frames", control::cases(setting)),
        ("UTF-8", utf8::cases(setting)),
        ("close", close::cases(setting)),
        ("limits", limits::cases(setting)),
        ("the console's socket", console::cases(setting)),
    ];
    for (group, (_, cases)) in groups.iter_mut().enumerate() {
        for (place, case) in cases.iter_mut().enumerate() {
            case.number = format!("{}.{}", group + 1, place + 1);
        }
    }
    groups
}

/// Returns what a client does that breaks no rule: greets, edits and leaves.
#[must_use]
pub fn normal(setting: &Setting) -> Case {
    let command = setting.command();
    Case::greeted("a normal client", "–")
        .send(Frame::text(command.text))
        .hear_applied(command.id)
        .send(Frame::close(1000, ""))
        .listen()
        .closes(1000)
}
