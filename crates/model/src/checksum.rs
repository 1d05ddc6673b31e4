//! The checksum of a graph.
//!
//! Each entity has a hash: xxh3-64 (<https://xxhash.com>) over its kind, its id and the bytes of
//! its JSON text exactly as stored. The graph's checksum is the wrapping 64-bit sum of these, so
//! the order of entities does not matter, a change costs only its own entities, and anybody who
//! can read the stored texts can compute it again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;
use xxhash_rust::xxh3::Xxh3;

use crate::entity::{Edge, Node};

macro_rules! hex_word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default, TS)]
        #[ts(type = "string")]
        pub struct $name(pub u64);

        impl $name {
            /// Reads 16 hexadecimal digits.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(Self))?
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| serde::de::Error::custom("16 hexadecimal digits expected"))
            }
        }
    };
}

hex_word!(
    /// The hash of one entity; 16 hexadecimal digits on the wire.
    EntityHash
);
hex_word!(
    /// The checksum of a whole graph; 16 hexadecimal digits on the wire.
    Checksum
);

impl Checksum {
    /// Takes an entity in.
    pub fn add(&mut self, hash: EntityHash) {
        self.0 = self.0.wrapping_add(hash.0);
    }

    /// Takes an entity out.
    pub fn subtract(&mut self, hash: EntityHash) {
        self.0 = self.0.wrapping_sub(hash.0);
    }
}

impl EntityHash {
    /// Hashes a node from its id and its stored text.
    #[must_use]
    pub fn of_node_text(id: &str, text: &str) -> Self {
        hash(b'n', id, text)
    }

    /// Hashes an edge from its id and its stored text.
    #[must_use]
    pub fn of_edge_text(id: &str, text: &str) -> Self {
        hash(b'e', id, text)
    }
}

fn hash(kind: u8, id: &str, text: &str) -> EntityHash {
    let mut state = Xxh3::new();
    state.update(&[kind]);
    state.update(id.as_bytes());
    state.update(&[0]);
    state.update(text.as_bytes());
    EntityHash(state.digest())
}

/// Returns the text of a node exactly as it is stored and hashed.
#[must_use]
pub fn node_text(node: &Node) -> String {
    serde_json::to_string(node).expect("a node holds only texts, numbers and JSON values")
}

/// Returns the text of an edge exactly as it is stored and hashed.
#[must_use]
pub fn edge_text(edge: &Edge) -> String {
    serde_json::to_string(edge).expect("an edge holds only texts, numbers and JSON values")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_does_not_depend_on_order_and_comes_back() {
        let (a, b) = (
            EntityHash::of_node_text("a", "1"),
            EntityHash::of_edge_text("a", "1"),
        );
        assert_ne!(a, b);
        let (mut left, mut right) = (Checksum::default(), Checksum::default());
        left.add(a);
        left.add(b);
        right.add(b);
        right.add(a);
        assert_eq!(left, right);
        right.subtract(a);
        right.subtract(b);
        assert_eq!(right, Checksum::default());
    }

    #[test]
    fn digits_are_read_and_written() {
        let checksum = Checksum(0x00ab);
        assert_eq!(checksum.to_string(), "00000000000000ab");
        assert_eq!(Checksum::parse("00000000000000ab"), Some(checksum));
        assert_eq!(Checksum::parse("ab"), None);
    }
}
