//! What is kept of a token.

use std::collections::HashMap;

use graphy_model::access::Role;
use graphy_model::ids::UserId;
use serde::Serialize;

use super::text::TokenId;
use crate::error::StoreError;

/// What a token was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Made by an operator, listed until it is revoked.
    Named,
    /// Made for one browser or window in exchange for a ticket.
    Session,
}

/// What is kept of a token, without its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// The public half of the token.
    #[serde(rename = "tokenId")]
    pub id: TokenId,
    /// What it was made for.
    pub kind: TokenKind,
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// In whose name it acts.
    pub user_id: UserId,
    /// When it was made, in ms since the Unix epoch.
    pub created_at: u64,
    /// When its life ends, in ms since the Unix epoch.
    pub expires_at: Option<u64>,
    /// When it was last used, to the minute, in ms since the Unix epoch.
    pub last_used_at: Option<u64>,
}

/// Who acts: what a verified token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// The token that was presented.
    pub token_id: TokenId,
    /// In whose name it acts.
    pub user_id: UserId,
    /// What it allows.
    pub role: Role,
    /// When the token's life ends, in ms since the Unix epoch.
    pub expires_at: Option<u64>,
}

impl TokenRecord {
    pub(super) fn principal(&self) -> Principal {
        Principal {
            token_id: self.id.clone(),
            user_id: self.user_id.clone(),
            role: self.role,
            expires_at: self.expires_at,
        }
    }

    pub(super) fn to_hash(&self, secret_hash: &[u8; 32]) -> Vec<(&'static str, String)> {
        let kind = match self.kind {
            TokenKind::Named => "named",
            TokenKind::Session => "session",
        };
        let mut fields = vec![
            ("hash", hex::encode(secret_hash)),
            ("kind", kind.to_owned()),
            ("name", self.name.clone()),
            ("role", self.role.as_str().to_owned()),
            ("userId", self.user_id.to_string()),
            ("createdAt", self.created_at.to_string()),
        ];
        fields.extend(self.expires_at.map(|at| ("expiresAt", at.to_string())));
        fields.extend(self.last_used_at.map(|at| ("lastUsedAt", at.to_string())));
        fields
    }

    /// Reads the record and the hash of its secret.
    pub(super) fn from_hash(
        id: &TokenId,
        fields: &HashMap<String, String>,
    ) -> Result<(Self, [u8; 32]), StoreError> {
        let get = |name: &str| fields.get(name).map(String::as_str);
        let read = || {
            let mut secret_hash = [0; 32];
            hex::decode_to_slice(get("hash")?, &mut secret_hash).ok()?;
            let record = Self {
                id: id.clone(),
                kind: if get("kind") == Some("session") {
                    TokenKind::Session
                } else {
                    TokenKind::Named
                },
                name: get("name")?.to_owned(),
                role: get("role")?.parse().ok()?,
                user_id: UserId::new(get("userId")?).ok()?,
                created_at: get("createdAt")?.parse().ok()?,
                expires_at: get("expiresAt").map(str::parse).transpose().ok()?,
                last_used_at: get("lastUsedAt").map(str::parse).transpose().ok()?,
            };
            Some((record, secret_hash))
        };
        read().ok_or_else(|| StoreError::Corrupt {
            what: "a token",
            detail: format!("token:{id} lacks a field or holds a bad one"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_half_a_record_is_refused() {
        let id = TokenId::parse("0123456789abcdef").unwrap();
        let record = TokenRecord {
            id: id.clone(),
            kind: TokenKind::Named,
            name: "ci".into(),
            role: Role::Operator,
            user_id: UserId::new("ann").unwrap(),
            created_at: 5,
            expires_at: Some(9),
            last_used_at: None,
        };
        let mut fields: HashMap<String, String> = record
            .to_hash(&[7; 32])
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        assert_eq!(
            TokenRecord::from_hash(&id, &fields).unwrap(),
            (record, [7; 32])
        );
        fields.insert("role".into(), "owner".into());
        assert!(TokenRecord::from_hash(&id, &fields).is_err());
        fields.remove("role");
        assert!(TokenRecord::from_hash(&id, &fields).is_err());
    }
}
