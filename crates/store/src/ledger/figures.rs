//! Figures that people entered.

use std::collections::BTreeMap;

use graphy_model::UserId;
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::error::StoreError;

const FIGURES: &str = "{ledger}:figures";

/// The most figures that are read; there are as many as metrics that are entered by hand.
pub const FIGURES_MAX: usize = 100;

/// A figure, and who entered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnteredFigure {
    /// The figure.
    pub value: f64,
    /// Where it comes from.
    pub note: String,
    /// Who entered it.
    pub user_id: UserId,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

impl Ledger {
    /// Keeps a figure in place of the one before; none takes it back.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn enter(&self, key: &str, figure: Option<&EnteredFigure>) -> Result<(), StoreError> {
        let mut link = self.link.write();
        let kept: Result<(), _> = match figure {
            Some(figure) => {
                let text = serde_json::to_string(figure).expect("numbers and texts only");
                link.hset(FIGURES, key, text).await
            }
            None => link.hdel(FIGURES, key).await,
        };
        kept.map_err(StoreError::redis("keep a figure"))
    }

    /// Returns what was entered for some metrics.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn figures(
        &self,
        keys: &[&str],
    ) -> Result<BTreeMap<String, EnteredFigure>, StoreError> {
        let keys = &keys[..keys.len().min(FIGURES_MAX)];
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut call = redis::cmd("HMGET");
        call.arg(FIGURES);
        for key in keys {
            call.arg(key);
        }
        let texts: Vec<Option<String>> = call
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read figures"))?;
        Ok(keys
            .iter()
            .zip(texts)
            .filter_map(|(key, text)| Some(((*key).to_owned(), serde_json::from_str(&text?).ok()?)))
            .collect())
    }
}
