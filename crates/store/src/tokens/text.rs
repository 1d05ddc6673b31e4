//! What a token looks like.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::secret::{Secret, random_bytes};

const PREFIX: &str = "gk_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// The public half of a token: 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TokenId(String);

impl TokenId {
    /// Takes a text as a token id if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == ID_BYTES * 2 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn random() -> Self {
        Self(hex::encode(random_bytes::<ID_BYTES>()))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a token id has 16 hex digits"))
    }
}

/// A whole token. `Debug` shows only its id.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText {
    id: TokenId,
    secret: Secret,
}

impl TokenText {
    /// Makes a new token.
    pub(super) fn random() -> Self {
        Self {
            id: TokenId::random(),
            secret: random_secret(),
        }
    }

    /// Takes a text as a token if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let id = TokenId::parse(id)?;
        Some(Self {
            id,
            secret: parse_secret(secret)?,
        })
    }

    /// Returns the public half.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// Returns the text to hand out.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, self.secret.expose())
    }

    pub(super) fn secret_hash(&self) -> [u8; 32] {
        hash(self.secret.expose())
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenText({PREFIX}{}_…)", self.id)
    }
}

/// Makes 256 random bits as text.
pub(super) fn random_secret() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>()))
}

/// Takes a text as a secret if it holds exactly 256 bits in the one way we write them.
pub(super) fn parse_secret(text: &str) -> Option<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == SECRET_BYTES).then(|| Secret::new(text))
}

pub(super) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Compares two hashes in a time that does not depend on where they differ.
pub(super) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_hides_its_secret() {
        let token = TokenText::random();
        let text = token.expose();
        assert_eq!(TokenText::parse(&text), Some(token.clone()));
        assert!(!format!("{token:?}").contains(token.secret.expose()));
        assert_eq!(text.len(), 3 + 16 + 1 + 43);
    }

    #[test]
    fn what_is_not_exactly_a_token_is_refused() {
        let good = TokenText::random().expose();
        let short = &good[..good.len() - 1];
        let long = format!("{good}A");
        let upper = good.to_uppercase();
        let spaced = format!(" {good}");
        for bad in [
            "",
            "gk_",
            "gk__",
            "gk_0123456789abcdef_",
            short,
            &long,
            &upper,
            &spaced,
        ] {
            assert_eq!(TokenText::parse(bad), None, "{bad}");
        }
    }
}
