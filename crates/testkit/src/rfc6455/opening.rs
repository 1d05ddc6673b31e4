//! What a client checks in the answer to its handshake: RFC 6455, section 4.1.

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::case::{Answer, Case, Step};
use super::wire::Head;

/// A refusal for the version must say which versions are spoken.
pub(super) fn check_refusal(head: &Head) -> Result<Answer, String> {
    let versions = head.fields.get("sec-websocket-version");
    if head.status == 426 && versions.is_none_or(|versions| versions != "13") {
        return Err("426 without Sec-WebSocket-Version: 13".to_owned());
    }
    Ok(Answer::Status(head.status))
}

/// What a client must check in an answer (section 4.1).
pub(super) fn check_opening(head: &Head, case: &Case) -> Result<(), String> {
    let field = |name: &str| head.fields.get(name).map(String::as_str);
    let is = |name: &str, wanted: &str| {
        field(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    if !is("upgrade", "websocket") || !is("connection", "upgrade") {
        return Err("101 without Upgrade and Connection".to_owned());
    }
    let key = sent_key(case).unwrap_or_default();
    let accept = derive_accept_key(key.as_bytes());
    if field("sec-websocket-accept") != Some(accept.as_str()) {
        return Err(format!("101 without Sec-WebSocket-Accept: {accept}"));
    }
    for name in ["sec-websocket-extensions", "sec-websocket-protocol"] {
        if let Some(value) = field(name) {
            return Err(format!(
                "101 with {name}: {value}, which the server does not speak"
            ));
        }
    }
    Ok(())
}

fn sent_key(case: &Case) -> Option<String> {
    let sent: Vec<u8> = case
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Send(bytes) | Step::SendByteByByte(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    sent.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_gives_the_answer_of_the_rfc() {
        let key = b"dGhlIHNhbXBsZSBub25jZQ==";
        assert_eq!(derive_accept_key(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
