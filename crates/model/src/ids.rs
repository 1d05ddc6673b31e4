//! Identifiers: one type per kind of id, checked where they enter.
//!
//! Text ids are 1..=128 characters of `[A-Za-z0-9_:.-]`, so that they can stand in Redis keys,
//! URLs and file names as they are.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;
use uuid::Uuid;

/// The longest text id, in characters.
pub const ID_CHARS_MAX: usize = 128;

/// Says why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The text is longer than [`ID_CHARS_MAX`].
    #[error("an id has at most {ID_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// The text holds a character that ids do not have.
    #[error("an id holds only letters, digits and _ : . -, not {0:?}")]
    Character(char),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_CHARS_MAX {
        return Err(IdError::TooLong(text.chars().count()));
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "_:.-".contains(*c)))
    {
        Some(c) => Err(IdError::Character(c)),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, TS)]
        #[ts(type = "string")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text as an id if it has the form of one.
            ///
            /// # Errors
            /// [`IdError`] says which rule the text breaks.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_id!(
    /// Names a graph.
    GraphId
);
text_id!(
    /// Names a node inside its graph.
    NodeId
);
text_id!(
    /// Names a conflict inside its graph.
    ConflictId
);
text_id!(
    /// Names an edge inside its graph.
    EdgeId
);
text_id!(
    /// Names one connected editor (a window, a tab, a bot); the unit of command order.
    ClientId
);
text_id!(
    /// Names a person or service, as its token says.
    UserId
);
text_id!(
    /// Names one life of a graph's stored state; versions of two epochs cannot be compared.
    Epoch
);

/// Identifies one command for ever; made by the client as a UUIDv7.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS,
)]
#[ts(type = "string")]
pub struct OperationId(pub Uuid);

impl OperationId {
    /// Returns when the id was made, in milliseconds since 1970, if it is a UUIDv7.
    #[must_use]
    pub fn made_at_ms(&self) -> Option<u64> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        Some(seconds * 1000 + u64::from(nanos) / 1_000_000)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_their_rule() {
        assert!(NodeId::new("a:b.c-d_9").is_ok());
        assert_eq!(NodeId::new(""), Err(IdError::Empty));
        assert_eq!(NodeId::new("a b"), Err(IdError::Character(' ')));
        assert_eq!(NodeId::new(&"x".repeat(129)), Err(IdError::TooLong(129)));
        assert!(NodeId::new(&"x".repeat(128)).is_ok());
        assert!(serde_json::from_str::<NodeId>("\"{tag}\"").is_err());
    }
}
