//! Operations on time series: which there are, and what they were.

use std::sync::Arc;

use graphy_model::Action;
use graphy_protocol::series::{SeriesInfo, SeriesList, SeriesRange, SeriesRequest, ThinnedSeries};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_telemetry::{Bin, Place, RangeQuery};

use super::Operations;
use crate::caller::Caller;
use crate::overview::expression::ExpressionError;

/// How many series one request may ask for.
const NAMES_MAX: usize = 40;
const STEPS: std::ops::RangeInclusive<u32> = 10..=2000;
const STEPS_USUAL: u32 = 600;
/// The longest stretch that may be asked for, in days.
const RANGE_DAYS_MAX: u64 = 366;
const DAY_MS: u64 = 86_400_000;

impl Operations {
    /// `series.list`: all that is measured, by group.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn series_list(&self, caller: &Caller) -> Result<SeriesList, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(SeriesList {
            series: self.inner.overview.book().list(),
        })
    }

    /// `series.range`: series over a time, thinned, with the alerts that fired in it. An expression
    /// is measured from the first time that somebody asks for it.
    ///
    /// # Errors
    /// `forbidden`; `invalid` with the field at fault.
    pub async fn series_range(
        &self,
        caller: &Caller,
        request: SeriesRequest,
    ) -> Result<SeriesRange, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let now_ms = self.inner.parts.clock.now_ms();
        let to = request.to.unwrap_or(now_ms);
        let steps_max = request.steps_max.unwrap_or(STEPS_USUAL);
        self.series_history(&request.names, request.from, to, steps_max)
            .await
    }

    /// The same for other parts of the node: reports are drawn from it.
    ///
    /// # Errors
    /// `invalid` with the field at fault; `unavailable` when the node stops.
    pub async fn series_history(
        &self,
        names: &[String],
        from_ms: u64,
        to_ms: u64,
        steps_max: u32,
    ) -> Result<SeriesRange, ApiError> {
        check_range(names, from_ms, to_ms, steps_max)?;
        let now_ms = self.inner.parts.clock.now_ms();
        let book = self.inner.overview.book();
        let mut series = Vec::with_capacity(names.len());
        for (place, name) in names.iter().enumerate() {
            let found = book.find(name);
            series
                .push(found.map_err(|error| expression_fault(&error, &format!("names[{place}]")))?);
        }
        for (measured, _) in &series {
            book.ask(measured, now_ms);
        }
        let query = RangeQuery {
            names: series
                .iter()
                .map(|(one, _)| Arc::clone(&one.name))
                .collect(),
            from_ms,
            to_ms,
            steps_max,
        };
        let range = self.inner.recorder.range(query).await.map_err(|failure| {
            let message = "the history of the metrics cannot be read";
            ApiError::new(ErrorCode::Unavailable, message).with_detail(failure.to_string())
        })?;
        let shown: Vec<String> = series.iter().map(|(_, info)| info.name.clone()).collect();
        let infos = series.into_iter().map(|(_, info)| info);
        let series = infos
            .zip(&range.series)
            .map(|(info, bins)| thinned(info, bins));
        Ok(SeriesRange {
            step_ms: range.step_ms,
            at: range.at,
            series: series.collect(),
            since: range.since_ms.unwrap_or(now_ms),
            alerts: self.inner.alerts.marks(&shown, from_ms, to_ms),
        })
    }

    /// Says where the history of the metrics is kept; none until it is open.
    #[must_use]
    pub fn history_place(&self) -> Option<Place> {
        self.inner.recorder.place().borrow().clone()
    }
}

fn check_range(names: &[String], from_ms: u64, to_ms: u64, steps_max: u32) -> Result<(), ApiError> {
    let invalid =
        |field: &str, message: String| Err(ApiError::new(ErrorCode::Invalid, message).on(field));
    if !(1..=NAMES_MAX).contains(&names.len()) {
        let message = format!("names must be 1 to {NAMES_MAX} series, not {}", names.len());
        return invalid("names", message);
    }
    if from_ms >= to_ms {
        return invalid("from", "from must be before to".to_owned());
    }
    if to_ms - from_ms > RANGE_DAYS_MAX * DAY_MS {
        let message = format!("from must be at most {RANGE_DAYS_MAX} days before to");
        return invalid("from", message);
    }
    if !STEPS.contains(&steps_max) {
        let (least, most) = (STEPS.start(), STEPS.end());
        let message = format!("stepsMax must be {least} to {most}, not {steps_max}");
        return invalid("stepsMax", message);
    }
    Ok(())
}

/// Says what is wrong with the name of a series.
pub(crate) fn expression_fault(error: &ExpressionError, field: &str) -> ApiError {
    ApiError::new(ErrorCode::Invalid, format!("{field}: {error}")).on(field)
}

fn thinned(info: SeriesInfo, bins: &[Option<Bin>]) -> ThinnedSeries {
    let each = |value: fn(&Bin) -> f64| bins.iter().map(|bin| bin.as_ref().map(value)).collect();
    ThinnedSeries {
        name: info.name,
        unit: info.unit,
        help: info.help,
        mean: each(|bin| bin.mean),
        min: each(|bin| bin.min),
        max: each(|bin| bin.max),
    }
}
