//! Operations on reports: the success metrics, and reports as files.

use graphy_model::Action;
use graphy_protocol::console::ExportedFile;
use graphy_protocol::reports::{EnterFigure, PerformanceReport, ReportRequest, TargetsRequest};
use graphy_protocol::series::AlertMark;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::ledger::{EnteredFigure, LedgerSlot};
use tokio::task::spawn_blocking;

use super::Operations;
use crate::caller::Caller;
use crate::fault::store_fault;
use crate::report::{Report, Subject, figures, is_measured, keys_by_hand};

/// The longest note of a figure, in characters.
const NOTE_CHARS_MAX: usize = 300;
/// The greatest figure that anybody enters.
const VALUE_MAX: f64 = 1e12;
/// The longest span of a report.
const SPAN_MS_MAX: u64 = 31 * 86_400_000;

impl Operations {
    /// `reports.targets`: the success metrics of the plans over a span, target against actual.
    /// The span is widened to whole slots of the ledger: a minute, or five minutes for what is
    /// older than four hours, or an hour for what is older than two days.
    ///
    /// # Errors
    /// `forbidden`; `invalid` for a span that is none; or that of the store.
    pub async fn reports_targets(
        &self,
        caller: &Caller,
        request: TargetsRequest,
    ) -> Result<PerformanceReport, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let span = self.span(request.from, request.to)?;
        let slots = self.slots(span).await?;
        let entered = self.entered().await?;
        Ok(figures(span, &slots, &entered))
    }

    /// `reports.performance`: the report of a span as a file.
    ///
    /// # Errors
    /// `forbidden`; `invalid` for a span that is none; `internal` if it cannot be drawn; or that
    /// of the store.
    pub async fn reports_performance(
        &self,
        caller: &Caller,
        request: ReportRequest,
    ) -> Result<ExportedFile, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let span = self.span(request.from, request.to)?;
        let slots = self.slots(span).await?;
        let entered = self.entered().await?;
        let facts = &self.inner.parts.facts;
        let subject = Subject {
            environment: facts.environment.clone(),
            version: facts.version.clone(),
            now: self.inner.parts.clock.now_ms(),
        };
        let alerts = self.alerts_in(span).await?;
        let report = Report::of(subject, span, &slots, &entered, alerts);
        match spawn_blocking(move || report.file(request.format)).await {
            Ok(file) => Ok(file?),
            Err(_) => Err(ApiError::new(ErrorCode::Internal, "the report failed")),
        }
    }

    /// `reports.enter`: enters a figure that nothing here measures, or takes it back.
    ///
    /// # Errors
    /// `forbidden`; `invalid` for a key that is measured or unknown, a value that is no figure, or
    /// a note that is too long; or that of the store.
    pub async fn reports_enter(
        &self,
        caller: &Caller,
        request: EnterFigure,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let EnterFigure { key, value, note } = request;
        match is_measured(&key) {
            Some(false) => {}
            Some(true) => return Err(invalid("key", format!("{key} is measured, not entered"))),
            None => {
                let keys = keys_by_hand().join(", ");
                return Err(invalid(
                    "key",
                    format!("one of these is entered by hand: {keys}"),
                ));
            }
        }
        if value.is_some_and(|value| !value.is_finite() || value.abs() > VALUE_MAX) {
            return Err(invalid(
                "value",
                format!("a figure is at most {VALUE_MAX:e}"),
            ));
        }
        let note = note.trim();
        if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
            let message = format!("a note has at most {NOTE_CHARS_MAX} printable characters");
            return Err(invalid("note", message));
        }
        let figure = value.map(|value| EnteredFigure {
            value,
            note: note.to_owned(),
            user_id: caller.user_id.clone(),
            at: self.inner.parts.clock.now_ms(),
        });
        let ledger = self.inner.keeper.ledger();
        let entered = ledger.enter(&key, figure.as_ref()).await;
        entered.map_err(|error| store_fault(&error))
    }

    fn span(&self, from: u64, to: Option<u64>) -> Result<(u64, u64), ApiError> {
        let now = self.inner.parts.clock.now_ms();
        let to = to.unwrap_or(now).min(now);
        if from >= to {
            return Err(invalid(
                "from",
                "a report begins before it ends, and before now",
            ));
        }
        if to - from > SPAN_MS_MAX {
            let message = format!("a report spans at most {} days", SPAN_MS_MAX / 86_400_000);
            return Err(invalid("from", message));
        }
        Ok((from, to))
    }

    async fn slots(&self, (from, to): (u64, u64)) -> Result<Vec<LedgerSlot>, ApiError> {
        let keeper = &self.inner.keeper;
        // So that a report holds what has just happened; other nodes add theirs in time.
        keeper.flush().await.map_err(|error| store_fault(&error))?;
        let now = self.inner.parts.clock.now_ms();
        let slots = keeper.ledger().read(from, to, now).await;
        slots.map_err(|error| store_fault(&error))
    }

    /// Returns the alerts that fired in a span, as far as they are kept, the oldest first.
    async fn alerts_in(&self, (from, to): (u64, u64)) -> Result<Vec<AlertMark>, ApiError> {
        let list = self.inner.alerts.list().await?;
        let fired = list.events.into_iter().rev();
        let fired =
            fired.filter(|event| event.from < to && event.to.is_none_or(|ended| ended > from));
        Ok(fired
            .map(|event| AlertMark {
                rule_id: event.rule_id,
                title: event.title,
                series: event.series,
                from: event.from,
                to: event.to,
            })
            .collect())
    }

    async fn entered(&self) -> Result<std::collections::BTreeMap<String, EnteredFigure>, ApiError> {
        let entered = self.inner.keeper.ledger().figures(&keys_by_hand()).await;
        entered.map_err(|error| store_fault(&error))
    }
}

fn invalid(field: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Invalid, message.into()).on(field)
}
