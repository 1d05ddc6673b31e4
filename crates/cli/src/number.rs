//! Numbers as people write them.

/// Reads a number that JSON can carry.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not a number"))?;
    if number.is_finite() {
        return Ok(number);
    }
    Err(format!("{text:?} is not a finite number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_are_read() {
        assert_eq!(finite("-2.5e3"), Ok(-2500.0));
        for wrong in ["nan", "inf", "-inf", "1e400", "", "12 %"] {
            assert!(finite(wrong).is_err(), "{wrong}");
        }
    }
}
