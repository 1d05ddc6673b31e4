//! One-time tickets: what a printed URL carries, exchanged once for a session token.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use graphy_model::access::Role;
use graphy_model::ids::UserId;
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};

use super::text::{hash, parse_secret, random_secret};
use super::{
    IssuedToken, NewToken, Principal, SESSION_LIFE, TokenError, TokenKind, TokenRecord, TokenStore,
};
use crate::error::StoreError;
use crate::secret::Secret;

/// How long a ticket can be exchanged.
pub const TICKET_LIFE: Duration = Duration::from_secs(300);

const PREFIX: &str = "gt_";

/// What the session that a ticket is exchanged for may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTicket {
    /// What people call the session.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// In whose name it acts.
    pub user_id: UserId,
}

/// A whole ticket. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketText(Secret);

impl TicketText {
    /// Returns the text to hand out.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }
}

impl fmt::Debug for TicketText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketText(gt_…)")
    }
}

impl TokenStore {
    /// Makes a ticket, which lives for [`TICKET_LIFE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn issue_ticket(&self, ticket: &NewTicket) -> Result<TicketText, StoreError> {
        let secret = random_secret();
        let value = serde_json::to_string(ticket).expect("plain data becomes JSON");
        let kept: Result<(), _> = self
            .link
            .write()
            .set_ex(key(&secret), value, TICKET_LIFE.as_secs())
            .await;
        kept.map_err(StoreError::redis("keep a ticket"))?;
        Ok(TicketText(secret))
    }

    /// Exchanges a ticket for a session token, once. When the answer is lost on its way, the ticket
    /// is spent all the same and a new one is needed.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::TicketSpent`], [`TokenError::Store`].
    pub async fn redeem_ticket(&self, presented: &str) -> Result<IssuedToken, TokenError> {
        let secret = presented.strip_prefix(PREFIX).and_then(parse_secret);
        let secret = secret.ok_or(TokenError::Malformed)?;
        let value: Option<String> = self
            .link
            .write()
            .get_del(key(&secret))
            .await
            .map_err(StoreError::redis("redeem a ticket"))?;
        let value = value.ok_or(TokenError::TicketSpent)?;
        let ticket: NewTicket =
            serde_json::from_str(&value).map_err(|error| StoreError::Corrupt {
                what: "a ticket",
                detail: error.to_string(),
            })?;
        let NewTicket {
            name,
            role,
            user_id,
        } = ticket;
        let session = NewToken {
            name,
            role,
            user_id,
            life: Some(SESSION_LIFE),
        };
        self.issue(session, TokenKind::Session).await
    }

    /// Makes a younger token for a session; the old one lives on to its own end, so that nothing
    /// is dropped meanwhile. `None`: the token is no session's.
    ///
    /// # Errors
    /// [`TokenError::Unknown`] if it was revoked, [`TokenError::Store`].
    pub async fn renew_session(
        &self,
        principal: &Principal,
    ) -> Result<Option<IssuedToken>, TokenError> {
        let id = &principal.token_id;
        let fields: HashMap<String, String> = self
            .link
            .query()
            .hgetall(super::key(id))
            .await
            .map_err(StoreError::redis("read a session's token"))?;
        if fields.is_empty() {
            return Err(TokenError::Unknown);
        }
        let (record, _) = TokenRecord::from_hash(id, &fields)?;
        if record.kind != TokenKind::Session {
            return Ok(None);
        }
        let session = NewToken {
            name: record.name,
            role: record.role,
            user_id: record.user_id,
            life: Some(SESSION_LIFE),
        };
        self.issue(session, TokenKind::Session).await.map(Some)
    }
}

fn key(secret: &Secret) -> String {
    format!("ticket:{}", hex::encode(hash(secret.expose())))
}
