//! Operations on tokens.

use std::time::Duration;

use graphy_model::Action;
use graphy_protocol::console::{CreateToken, CreatedToken, TokenList, TokenRef, TokenSummary};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::NewToken;
use graphy_store::tokens::{Revocation, TokenId, TokenRecord};

use super::Operations;
use crate::caller::Caller;
use crate::fault::{store_fault, token_fault};
use crate::journal::EventKind;

/// How long a token lives unless its maker says otherwise.
const LIFE_DAYS: u32 = 90;
/// The longest life that may be asked for.
const LIFE_DAYS_MAX: u32 = 365;
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Operations {
    /// `tokens.create`: makes a token, in the caller's name unless it says another, and shows it, once.
    ///
    /// # Errors
    /// `forbidden`, also for a role above the caller's own; `invalid`; or that of the store.
    pub async fn tokens_create(
        &self,
        caller: &Caller,
        request: CreateToken,
    ) -> Result<CreatedToken, ApiError> {
        caller.authorize(Action::ManageTokens)?;
        let days = request.expires_in_days.unwrap_or(LIFE_DAYS);
        if !(1..=LIFE_DAYS_MAX).contains(&days) {
            let message = format!("a token lives 1 to {LIFE_DAYS_MAX} days");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("expiresInDays"));
        }
        let new = NewToken {
            name: request.name,
            role: request.role,
            user_id: request.user_id.unwrap_or_else(|| caller.user_id.clone()),
            life: Some(DAY * days),
        };
        let issued = self
            .inner
            .parts
            .tokens
            .create(new)
            .await
            .map_err(|error| token_fault(&error))?;
        let text = format!(
            "token {} made for {}",
            issued.record.name,
            issued.record.role.as_str()
        );
        self.inner.journal.note(EventKind::Token, &text, None);
        Ok(CreatedToken {
            token: issued.text.expose(),
            summary: summary(issued.record),
        })
    }

    /// `tokens.list`: all named tokens, newest first.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn tokens_list(&self, caller: &Caller) -> Result<TokenList, ApiError> {
        caller.authorize(Action::ManageTokens)?;
        let records = self
            .inner
            .parts
            .tokens
            .list()
            .await
            .map_err(|error| store_fault(&error))?;
        Ok(TokenList {
            tokens: records.into_iter().map(summary).collect(),
        })
    }

    /// `tokens.revoke`: makes a token worthless.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn tokens_revoke(&self, caller: &Caller, request: TokenRef) -> Result<(), ApiError> {
        caller.authorize(Action::ManageTokens)?;
        let not_found =
            || ApiError::new(ErrorCode::NotFound, "there is no such token").on("tokenId");
        let id = TokenId::parse(&request.token_id).ok_or_else(not_found)?;
        let revoked = self
            .inner
            .parts
            .tokens
            .revoke(&id)
            .await
            .map_err(|error| store_fault(&error))?;
        match revoked {
            Revocation::NotFound => Err(not_found()),
            Revocation::Revoked => {
                self.inner
                    .journal
                    .note(EventKind::Token, &format!("token {id} revoked"), None);
                Ok(())
            }
        }
    }
}

fn summary(record: TokenRecord) -> TokenSummary {
    TokenSummary {
        token_id: record.id.to_string(),
        name: record.name,
        role: record.role,
        user_id: record.user_id,
        created_at: record.created_at,
        // A token without an end is as good as one that ends after all of us.
        expires_at: record.expires_at.unwrap_or(MILLIS_MAX),
        last_used_at: record.last_used_at,
    }
}

/// The last moment that JavaScript can show as a date.
const MILLIS_MAX: u64 = 8_640_000_000_000_000;
