//! What a rule and a webhook may be.

use graphy_protocol::alerts::AlertRule;
use graphy_protocol::{ApiError, ErrorCode};

use crate::operations::expression_fault;
use crate::overview::SeriesBook;

const ID_CHARS_MAX: usize = 64;
const TITLE_CHARS_MAX: usize = 120;
const NOTE_CHARS_MAX: usize = 1000;
const FOR_SECONDS_MAX: u32 = 86_400;
const URL_CHARS_MAX: usize = 2000;

fn invalid(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Invalid, message).on(field)
}

fn check_text(field: &str, text: &str, least: usize, most: usize) -> Result<(), ApiError> {
    let count = text.chars().count();
    if !(least..=most).contains(&count) {
        let message = format!("{field} must be {least} to {most} characters, not {count}");
        return Err(invalid(field, message));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(invalid(
            field,
            format!("{field} must hold no control characters"),
        ));
    }
    Ok(())
}

/// Checks a rule and writes its series in the one way.
pub(super) fn rule(mut rule: AlertRule, book: &SeriesBook) -> Result<AlertRule, ApiError> {
    check_id(&rule.rule_id)?;
    check_text("title", &rule.title, 1, TITLE_CHARS_MAX)?;
    check_text("note", &rule.note, 0, NOTE_CHARS_MAX)?;
    if rule.title.trim().is_empty() {
        return Err(invalid("title", "title must not be blank"));
    }
    if !rule.limit.is_finite() {
        return Err(invalid("limit", "limit must be a finite number"));
    }
    if rule.for_seconds > FOR_SECONDS_MAX {
        let message = format!(
            "forSeconds must be 0 to {FOR_SECONDS_MAX}, not {}",
            rule.for_seconds
        );
        return Err(invalid("forSeconds", message));
    }
    let (measured, _) = book
        .find(&rule.series)
        .map_err(|error| expression_fault(&error, "series"))?;
    rule.series = measured.name.to_string();
    Ok(rule)
}

/// Checks the name of a rule.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_part) {
        return Ok(());
    }
    let message = format!("ruleId must be 1 to {ID_CHARS_MAX} characters of a-z, 0-9 and -");
    Err(invalid("ruleId", message))
}

/// Checks the address of a webhook.
pub(super) fn url(text: &str) -> Result<reqwest::Url, ApiError> {
    if text.chars().count() > URL_CHARS_MAX {
        let message = format!("url must be at most {URL_CHARS_MAX} characters");
        return Err(invalid("url", message));
    }
    let parsed = reqwest::Url::parse(text)
        .ok()
        .filter(reqwest::Url::has_host);
    match parsed {
        Some(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(invalid("url", "url must be an http:// or https:// address")),
    }
}

/// Parts of a path that are longer than this look like secrets.
const PART_CHARS_SHOWN_MAX: usize = 16;

/// Returns an address without what may be secret in it: login, query, fragment, and long parts of
/// the path, which are how chat services write their tokens.
pub(super) fn without_secrets(text: &str) -> String {
    let Ok(url) = reqwest::Url::parse(text) else {
        return "an address that cannot be read".to_owned();
    };
    let mut shown = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        shown.push_str(&format!(":{port}"));
    }
    for part in url.path_segments().into_iter().flatten() {
        shown.push('/');
        shown.push_str(if part.len() > PART_CHARS_SHOWN_MAX {
            "…"
        } else {
            part
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        for (url, shown) in [
            (
                "https://hooks.example.com/services/T0/B0/abcdefghijklmnopqrstuvwx",
                "https://hooks.example.com/services/T0/B0/…",
            ),
            (
                "http://ada:secret@127.0.0.1:9/in?token=secret#secret",
                "http://127.0.0.1:9/in",
            ),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
        assert!(url("https://x/").is_ok());
        assert!(url("ftp://x/").is_err() && url("nonsense").is_err() && url("http:///x").is_ok());
        assert_eq!(
            url(&format!("http://x/{}", "a".repeat(2000)))
                .unwrap_err()
                .field
                .as_deref(),
            Some("url")
        );
    }
}
