//! The stored form of entities: `{"v":version,"f":{field:[version,client,ms]},"e":entity}`.
//!
//! `v` is the version that last touched the entity. `f` says for each field who wrote it last;
//! the mark `*` stands for all fields that have none of their own and dates from the entity's
//! making. A deleted entity leaves `{"v":version,"d":ms}` for a while, so that a reader who scans
//! the hash while it changes can tell "gone since" from "not seen yet".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::ClientId;
use crate::patch::Field;

/// Who wrote a field last: version, client (none for plain HTTP callers), milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub u64, pub Option<ClientId>, pub u64);

/// The marks of an entity.
pub type Marks = BTreeMap<Field, Mark>;

#[derive(Deserialize)]
struct Stored<'a> {
    v: u64,
    #[serde(default)]
    f: Marks,
    #[serde(default, borrow)]
    e: Option<&'a RawValue>,
}

/// One value of the nodes or edges hash, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Record<'a> {
    /// An entity that is there.
    Present {
        /// The version that last touched it.
        version: u64,
        /// Who wrote what.
        marks: Marks,
        /// The entity's JSON text, exactly as hashed.
        text: &'a str,
    },
    /// An entity that was deleted.
    Tombstone {
        /// The version that deleted it.
        version: u64,
    },
}

impl<'a> Record<'a> {
    /// Takes a stored value apart.
    ///
    /// # Errors
    /// When the text is not of the stored form.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        let stored: Stored<'a> = serde_json::from_str(text)?;
        Ok(match stored.e {
            Some(entity) => Self::Present {
                version: stored.v,
                marks: stored.f,
                text: entity.get(),
            },
            None => Self::Tombstone { version: stored.v },
        })
    }
}

/// Writes the stored form of an entity that is there.
#[must_use]
pub fn present(version: u64, marks: &Marks, entity_text: &str) -> String {
    let marks = serde_json::to_string(marks).expect("marks hold only texts and numbers");
    format!("{{\"v\":{version},\"f\":{marks},\"e\":{entity_text}}}")
}

/// Writes the stored form of a deleted entity.
#[must_use]
pub fn tombstone(version: u64, deleted_at_ms: u64) -> String {
    format!("{{\"v\":{version},\"d\":{deleted_at_ms}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entity_text_comes_back_to_the_byte() {
        let marks = Marks::from([
            (Field::All, Mark(1, None, 2)),
            (Field::Data("a.b".into()), Mark(3, None, 4)),
        ]);
        let entity = r#"{"data":{"n":1.0,"big":9007199254740993},"id":"a"}"#;
        let text = present(3, &marks, entity);
        let Record::Present {
            version,
            marks: read,
            text,
        } = Record::parse(&text).unwrap()
        else {
            panic!("a present record");
        };
        assert_eq!((version, read, text), (3, marks, entity));
        assert_eq!(
            Record::parse(&tombstone(9, 1)).unwrap(),
            Record::Tombstone { version: 9 }
        );
    }
}
