//! The opening handshake: RFC 6455, section 4.

use std::time::Duration;

use crate::rfc6455::case::{Answer, Case, Step};
use crate::rfc6455::frame::Frame;
use crate::rfc6455::setting::Setting;

const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION: &str = "Sec-WebSocket-Version: 13";

pub(super) fn cases(setting: &Setting) -> Vec<Case> {
    let mut cases = taken(setting);
    cases.extend(offers(setting));
    cases.extend(keys(setting));
    cases.extend(versions(setting));
    cases.extend(fields(setting));
    cases.extend(requests(setting));
    cases.extend(heads(setting));
    cases
}

/// A handshake that is right.
fn opens(setting: &Setting, title: &str, section: &'static str, fields: &[&str]) -> Case {
    Case::handshake(title, section, setting.request_with(fields)).expect(Answer::Opened)
}

/// Handshakes that ask for more than there is, and open all the same.
fn offers(setting: &Setting) -> Vec<Case> {
    let opens = |title, section, fields: &[&str]| opens(setting, title, section, fields);
    vec![
        opens(
            "subprotocols offered, none is chosen",
            "4.2.2",
            &[
                UPGRADE,
                CONNECTION,
                KEY,
                VERSION,
                "Sec-WebSocket-Protocol: chat, superchat",
            ],
        ),
        opens(
            "compression offered, not taken",
            "9.1",
            &[
                UPGRADE,
                CONNECTION,
                KEY,
                VERSION,
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            ],
        ),
        opens(
            "unknown fields",
            "4.2.1",
            &[UPGRADE, CONNECTION, KEY, VERSION, "X-Whatever: 1"],
        ),
    ]
}

/// Handshakes that are right.
fn taken(setting: &Setting) -> Vec<Case> {
    let opens = |title, section, fields: &[&str]| opens(setting, title, section, fields);
    let hello = Frame::text(setting.hello()).bytes();
    let with_hello = [setting.request().into_bytes(), hello].concat();
    vec![
        opens(
            "the example of the RFC",
            "1.3",
            &[UPGRADE, CONNECTION, KEY, VERSION],
        ),
        opens(
            "names and words in other letters",
            "4.2.1",
            &[
                "UPGRADE: WebSocket",
                "connection: UPGRADE",
                "sec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ==",
                "SEC-WEBSOCKET-VERSION: 13",
            ],
        ),
        opens(
            "Connection as a list",
            "4.2.1",
            &[UPGRADE, "Connection: keep-alive, Upgrade", KEY, VERSION],
        ),
        opens(
            "Connection on two lines",
            "4.2.1",
            &[UPGRADE, "Connection: keep-alive", CONNECTION, KEY, VERSION],
        ),
        opens(
            "Upgrade as a list",
            "4.2.1",
            &["Upgrade: h2c, websocket", CONNECTION, KEY, VERSION],
        ),
        Case::connected("byte by byte", "4.2.1")
            .send_byte_by_byte(setting.request().into_bytes())
            .expect(Answer::Opened),
        Case::connected("the hello in the same packet", "4.1")
            .send(with_hello)
            .step(Step::HearOpened)
            .step(Step::Hear("sync"))
            .probe()
            .goes_on(),
    ]
}

fn keys(setting: &Setting) -> Vec<Case> {
    let refused = |title: &str, keys: &[&str]| {
        let fields = [&[UPGRADE, CONNECTION, VERSION], keys].concat();
        Case::handshake(title, "4.2.1 (5)", setting.request_with(&fields))
            .expect(Answer::Status(400))
    };
    vec![
        refused("no key", &[]),
        refused("an empty key", &["Sec-WebSocket-Key:"]),
        refused(
            "a key that is no base64",
            &["Sec-WebSocket-Key: ????????????????????????"],
        ),
        refused(
            "a key of 15 bytes",
            &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"],
        ),
        refused(
            "a key of 17 bytes",
            &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU="],
        ),
        refused(
            "two keys",
            &[KEY, "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="],
        ),
    ]
}

fn versions(setting: &Setting) -> Vec<Case> {
    ["8", "0", "14", "-1", "thirteen", "13, 8", ""]
        .into_iter()
        .map(|version| {
            let field = format!("Sec-WebSocket-Version: {version}");
            let request = setting.request_with(&[UPGRADE, CONNECTION, KEY, &field]);
            Case::handshake(format!("version {version:?}"), "4.4", request)
                .expect(Answer::Status(426))
        })
        .chain([Case::handshake(
            "no version",
            "4.4",
            setting.request_with(&[UPGRADE, CONNECTION, KEY]),
        )
        .expect(Answer::Status(426))])
        .collect()
}

fn fields(setting: &Setting) -> Vec<Case> {
    let case = |title: &str, section, fields: &[&str], status| {
        Case::handshake(title, section, setting.request_with(fields)).expect(Answer::Status(status))
    };
    let no_host = setting
        .request()
        .replace(&format!("Host: {}\r\n", setting.address), "");
    vec![
        case("no Upgrade", "4.2.1 (3)", &[CONNECTION, KEY, VERSION], 400),
        case(
            "Upgrade to something else",
            "4.2.1 (3)",
            &["Upgrade: h2c", CONNECTION, KEY, VERSION],
            400,
        ),
        case("no Connection", "4.2.1 (4)", &[UPGRADE, KEY, VERSION], 400),
        case(
            "Connection without Upgrade",
            "4.2.1 (4)",
            &[UPGRADE, "Connection: keep-alive", KEY, VERSION],
            400,
        ),
        case(
            "Connection with a word that only contains it",
            "4.2.1 (4)",
            &[UPGRADE, "Connection: no-upgrade", KEY, VERSION],
            400,
        ),
        case(
            "another site's Origin",
            "10.2",
            &[
                UPGRADE,
                CONNECTION,
                KEY,
                VERSION,
                "Origin: https://evil.example",
            ],
            403,
        ),
        Case::handshake("no Host", "4.2.1 (2)", no_host).expect(Answer::Status(400)),
    ]
}

fn requests(setting: &Setting) -> Vec<Case> {
    let request = setting.request();
    let changed = |title: &str, section, from: &str, to: &str, status| {
        Case::handshake(title, section, request.replacen(from, to, 1))
            .expect(Answer::Status(status))
    };
    let path = setting.path();
    vec![
        changed("POST", "4.2.1 (1)", "GET", "POST", 405),
        changed("PUT", "4.2.1 (1)", "GET", "PUT", 405),
        changed("HTTP/1.0", "4.2.1 (1)", "HTTP/1.1", "HTTP/1.0", 400).or(
            &[Answer::Status(426), Answer::Status(505)],
            "the RFC names no status for an old HTTP",
        ),
        changed("HTTP/0.9", "4.2.1 (1)", " HTTP/1.1", "", 400)
            .or(&[Answer::Ended], "HTTP has no answer to what is no request"),
        changed("HTTP/3.0", "4.2.1 (1)", "HTTP/1.1", "HTTP/3.0", 505).or(
            &[Answer::Status(400), Answer::Ended],
            "hyper refuses what it cannot parse as a whole",
        ),
        changed(
            "an id that is none",
            "4.2.2",
            &path,
            "/api/v2/graphs/a%20b/subscribe",
            400,
        ),
        Case::handshake("no HTTP at all", "4.2.1", "hello there\r\n\r\n".to_owned())
            .expect(Answer::Status(400)),
        Case::connected("a TLS hello", "4.2.1")
            .send(vec![
                0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3, b'\r', b'\n', b'\r', b'\n',
            ])
            .expect(Answer::Status(400))
            .or(&[Answer::Ended], "HTTP has no answer to what is no request"),
        Case::connected("a frame without a handshake", "4.2.1")
            .send([Frame::text(setting.hello()).bytes(), b"\r\n\r\n".to_vec()].concat())
            .expect(Answer::Status(400))
            .or(&[Answer::Ended], "HTTP has no answer to what is no request"),
        Case::connected("half a handshake, then a reset", "4.2.1")
            .send(request.as_bytes()[..60].to_vec())
            .reset(),
    ]
}

/// Heads that are too much.
fn heads(setting: &Setting) -> Vec<Case> {
    let many: Vec<String> = (0..200).map(|number| format!("X-{number}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let large = format!("X-Large: {}", "x".repeat(200_000));
    let case = |title: &str, extra: &[&str]| {
        let fields = [&[UPGRADE, CONNECTION, KEY, VERSION], extra].concat();
        Case::handshake(title, "ours", setting.request_with(&fields)).expect(Answer::Status(431))
    };
    vec![
        case("a head of 200 kB", &[&large]).or(
            &[Answer::Ended],
            "what is not read any more makes TCP end with a reset, which may overtake the answer",
        ),
        case("a head of 200 fields", &many),
        Case::connected("a head that never ends", "ours")
            .send(format!("GET {} HTTP/1.1\r\nHost: ", setting.path()).into_bytes())
            .step(Step::SendForEver(vec![b'x'], Duration::from_millis(200)))
            .within(Duration::from_secs(40))
            .expect(Answer::Ended)
            .or(&[Answer::Status(408)], "a close says the same as 408"),
    ]
}
