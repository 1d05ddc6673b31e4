//! Texts are UTF-8: RFC 6455, section 8.1, and what RFC 3629 calls that.

use crate::rfc6455::case::{Case, Step};
use crate::rfc6455::frame::{Frame, Opcode};
use crate::rfc6455::setting::Setting;

/// Sequences that are no UTF-8.
const WRONG: [(&str, &[u8]); 20] = [
    ("a continuation byte alone", b"\x80"),
    ("the last continuation byte alone", b"\xbf"),
    ("a start of two bytes alone", b"\xc3 "),
    ("a start of three bytes alone", b"\xe2 "),
    ("a start of four bytes alone", b"\xf0 "),
    ("three bytes, one missing", b"\xe2\x82 "),
    ("four bytes, one missing", b"\xf0\x9f\x8c "),
    ("`/` in two bytes", b"\xc0\xaf"),
    ("`/` in three bytes", b"\xe0\x80\xaf"),
    ("`/` in four bytes", b"\xf0\x80\x80\xaf"),
    ("U+007F in two bytes", b"\xc1\xbf"),
    ("U+07FF in three bytes", b"\xe0\x9f\xbf"),
    ("U+FFFF in four bytes", b"\xf0\x8f\xbf\xbf"),
    ("the surrogate U+D800", b"\xed\xa0\x80"),
    ("the surrogate U+DFFF", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
    ("U+110000", b"\xf4\x90\x80\x80"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("the byte 0xFE", b"\xfe"),
    ("the byte 0xFF", b"\xff"),
];

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = right(setting);
    cases.extend(WRONG.iter().map(|(name, bytes)| wrong(name, bytes)));
    cases.extend(unfinished());
    cases.extend(in_fragments());
    cases.push(
        Case::opened("no UTF-8 before the hello", "8.1")
            .send(Frame::text(b"{\"type\":\"hello\xff\"}"))
            .closes(1007),
    );
    cases
}

/// Texts that must be taken, also when a character is cut by the end of a fragment.
fn right(setting: &Setting) -> Vec<Case> {
    let titles = [
        ("letters of two bytes", "Größe µ"),
        ("letters of three bytes", "κόσμε 世界 €"),
        ("letters of four bytes", "🌍 𝄞 𐍈"),
        (
            "the ends of each length",
            "\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        ),
        ("around the surrogates", "\u{d7ff}\u{e000}"),
        ("characters that mean nothing", "\u{fffe}\u{fdd0}\u{1ffff}"),
        ("a byte order mark inside", "a\u{feff}b"),
        ("a letter and its accent apart", "e\u{301}"),
    ];
    let whole = titles.iter().map(|(name, title)| {
        let command = setting.command_titled(title);
        Case::greeted(*name, "8.1")
            .send(Frame::text(command.text))
            .hear_applied(command.id)
            .goes_on()
    });
    let cut = titles[1..4].iter().map(|(name, title)| {
        let command = setting.command_titled(title);
        Case::greeted(format!("{name}, cut after each byte"), "8.1")
            .send(Frame::fragments(Opcode::TEXT, command.text.as_bytes(), 1))
            .hear_applied(command.id)
            .goes_on()
    });
    whole.chain(cut).collect()
}

fn wrong(name: &str, bytes: &[u8]) -> Case {
    Case::greeted(name, "8.1")
        .send(Frame::text(text_with(bytes)))
        .closes(1007)
}

fn text_with(bytes: &[u8]) -> Vec<u8> {
    [&br#"{"type":"heartbeat","#[..], bytes, b"}"].concat()
}

/// Characters that the end of the message cuts.
fn unfinished() -> Vec<Case> {
    [&b"\xc3"[..], b"\xe2\x82", b"\xf0\x9f\x8c", b"\xf0"]
        .iter()
        .map(|bytes| {
            Case::greeted(
                format!("a text that ends inside of a character ({bytes:02x?})"),
                "8.1",
            )
            .send(Frame::text([b"{", *bytes].concat()))
            .closes(1007)
        })
        .collect()
}

fn in_fragments() -> Vec<Case> {
    let case =
        |title: &str, frames: Vec<Frame>| Case::greeted(title, "8.1").send(frames).closes(1007);
    vec![
        case(
            "no UTF-8 in the second fragment",
            vec![
                Frame::text("{").unfinished(),
                Frame::continuation(b"\xff}").unfinished(),
                Frame::continuation("}"),
            ],
        ),
        case(
            "no UTF-8, seen before the message has ended",
            vec![Frame::text(b"{\xff").unfinished()],
        ),
        case(
            "a character begun in one fragment and not ended in the next",
            vec![Frame::text(b"\xc3").unfinished(), Frame::continuation("(")],
        ),
        case(
            "a surrogate over two fragments",
            vec![
                Frame::text(b"\xed").unfinished(),
                Frame::continuation(b"\xa0\x80"),
            ],
        ),
        case(
            "fragments that end inside of a character",
            vec![
                Frame::text(b"{\xf0\x9f").unfinished(),
                Frame::continuation(b"\x8c"),
            ],
        ),
        case(
            "a ping inside of a cut character, then no UTF-8",
            vec![
                Frame::text(b"\xe2").unfinished(),
                Frame::ping("x"),
                Frame::continuation(b"\x28\xa1"),
            ],
        ),
        Case::greeted("no UTF-8 in a ping is none of UTF-8's business", "5.5.2")
            .send(Frame::ping(b"\xff\xfe"))
            .step(Step::HearPong(b"\xff\xfe".to_vec()))
            .goes_on(),
    ]
}
