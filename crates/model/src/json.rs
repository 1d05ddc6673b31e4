//! Bounds of JSON text that hold before it is decoded: depth, and numbers that survive.
//!
//! Numbers are kept as 64-bit integers or doubles. A number that has more digits than these can
//! hold would come back changed, so it is refused with the advice to send it as text.

use crate::outcome::{RejectCode, Rejection};

/// The most digits that every double keeps.
const DOUBLE_DIGITS: usize = 17;

/// Checks a JSON text before it is decoded.
///
/// Looks only at nesting and numbers; whether the text is JSON at all, its decoder finds out.
///
/// # Errors
/// `invalid`, with what was found and the limit.
pub fn check_text(text: &str, depth_max: usize) -> Result<(), Rejection> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    let message = format!("JSON is nested deeper than {depth_max} levels");
                    return Err(Rejection::new(RejectCode::Invalid, message));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let end = end_of_number(bytes, at);
                check_number(&text[at..end])?;
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at,
            _ => at += 1,
        }
    }
    at
}

fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..]
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        .count();
    start + length
}

fn check_number(text: &str) -> Result<(), Rejection> {
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return Ok(());
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa
        .bytes()
        .filter(u8::is_ascii_digit)
        .skip_while(|digit| *digit == b'0')
        .count();
    if digits > DOUBLE_DIGITS {
        let shown: String = text.chars().take(24).collect();
        let message = format!(
            "the number {shown}… has {digits} digits and would be rounded; send it as text"
        );
        return Err(Rejection::new(RejectCode::Invalid, message));
    }
    if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
        let message = "a number is too large for a 64-bit double";
        return Err(Rejection::new(RejectCode::Invalid, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_bounded_outside_of_strings_only() {
        assert!(check_text(r#"{"a":["[[[[\"[["]}"#, 2).is_ok());
        assert!(check_text("[[[]]]", 2).is_err());
        assert!(check_text(&"[".repeat(100_000), 32).is_err());
        assert!(check_text("\"\\", 2).is_ok());
    }

    #[test]
    fn numbers_that_would_change_are_refused() {
        for good in [
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e300",
            "-0.0",
            "00",
        ] {
            assert!(check_text(good, 2).is_ok(), "{good}");
        }
        for bad in ["18446744073709551616", "0.123456789012345678901", "1e999"] {
            assert!(check_text(bad, 2).is_err(), "{bad}");
        }
    }
}
