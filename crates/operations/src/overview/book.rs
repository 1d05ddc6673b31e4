//! Which series are measured: those of the table, and expressions that rules or charts asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_protocol::series::SeriesInfo;

use super::expression::{EXPRESSION_CHARS_MAX, Expression, ExpressionError};
use super::series::{SERIES, SeriesDefinition};

/// How many expressions charts may have measured at once; beyond, the one that nobody has asked for
/// longest is given up.
pub const CHART_EXPRESSIONS_MAX: usize = 40;
/// How many expressions rules may have measured at once.
pub const RULE_EXPRESSIONS_MAX: usize = 100;
/// An expression that no chart has asked for this long is measured no more.
const ASKED_MS: u64 = 3_600_000;

/// A series that is measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) name: Arc<str>,
    pub(crate) expression: Arc<Expression>,
}

#[derive(Debug)]
struct Asked {
    expression: Arc<Expression>,
    /// When a chart last asked for it; none if none ever did.
    by_chart: Option<u64>,
    by_rule: bool,
}

/// The series that are measured.
#[derive(Debug)]
pub(crate) struct SeriesBook {
    fixed: Vec<(SeriesDefinition, Measured)>,
    asked: Mutex<BTreeMap<Arc<str>, Asked>>,
}

impl SeriesBook {
    pub(crate) fn new() -> Self {
        let fixed = SERIES.iter().map(|definition| {
            let expression = Expression::parse(definition.metric)
                .expect("a test reads every expression of the table");
            let measured = Measured {
                name: Arc::from(definition.name),
                expression: Arc::new(expression),
            };
            (*definition, measured)
        });
        Self {
            fixed: fixed.collect(),
            asked: Mutex::default(),
        }
    }

    /// Lists all that is measured now; what no chart has asked for lately is forgotten.
    pub(crate) fn measured(&self, now_ms: u64) -> Vec<Measured> {
        let mut asked = self.lock();
        asked.retain(|_, one| {
            one.by_rule
                || one
                    .by_chart
                    .is_some_and(|at| now_ms < at.saturating_add(ASKED_MS))
        });
        let fixed = self.fixed.iter().map(|(_, measured)| measured.clone());
        let asked = asked.iter().map(|(name, one)| Measured {
            name: Arc::clone(name),
            expression: Arc::clone(&one.expression),
        });
        fixed.chain(asked).collect()
    }

    /// Finds a series by its name, or reads an expression.
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub(crate) fn find(&self, text: &str) -> Result<(Measured, SeriesInfo), ExpressionError> {
        let fixed = self.fixed.iter().find(|(one, _)| one.name == text);
        if let Some((definition, measured)) = fixed {
            return Ok((measured.clone(), info(definition)));
        }
        let expression = Expression::parse(text)?;
        expression.check()?;
        let name = expression.to_string();
        if name.chars().count() > EXPRESSION_CHARS_MAX {
            return Err(ExpressionError::Length);
        }
        let info = SeriesInfo {
            name: name.clone(),
            unit: expression.unit().to_owned(),
            help: "An expression that somebody asked for".to_owned(),
            metric: name.clone(),
            group: expression.group().to_owned(),
        };
        let measured = Measured {
            name: Arc::from(name),
            expression: Arc::new(expression),
        };
        Ok((measured, info))
    }

    /// Notes that a chart asks for a series, which is measured from now on.
    pub(crate) fn ask(&self, measured: &Measured, now_ms: u64) {
        if self.is_fixed(&measured.name) {
            return;
        }
        let mut asked = self.lock();
        asked
            .entry(Arc::clone(&measured.name))
            .or_insert_with(|| Asked {
                expression: Arc::clone(&measured.expression),
                by_chart: None,
                by_rule: false,
            })
            .by_chart = Some(now_ms);
        let charts = asked.values().filter(|one| one.by_chart.is_some()).count();
        if charts > CHART_EXPRESSIONS_MAX {
            let oldest = asked
                .iter()
                .filter(|(name, one)| one.by_chart.is_some() && **name != measured.name)
                .min_by_key(|(_, one)| one.by_chart)
                .map(|(name, _)| Arc::clone(name));
            if let Some(one) = oldest.as_ref().and_then(|name| asked.get_mut(name)) {
                one.by_chart = None;
            }
            asked.retain(|_, one| one.by_rule || one.by_chart.is_some());
        }
    }

    /// Says which expressions rules watch; only those of them are measured for rules.
    pub(crate) fn watch<'a>(&self, series: impl Iterator<Item = &'a str>) {
        let mut asked = self.lock();
        for one in asked.values_mut() {
            one.by_rule = false;
        }
        for text in series
            .filter(|text| !self.is_fixed(text))
            .take(RULE_EXPRESSIONS_MAX)
        {
            let Ok((measured, _)) = self.find(text) else {
                continue;
            };
            asked
                .entry(measured.name)
                .or_insert(Asked {
                    expression: measured.expression,
                    by_chart: None,
                    by_rule: true,
                })
                .by_rule = true;
        }
        asked.retain(|_, one| one.by_rule || one.by_chart.is_some());
    }

    /// Lists the series of the table whose metrics this version knows, then the expressions.
    pub(crate) fn list(&self) -> Vec<SeriesInfo> {
        let known = self
            .fixed
            .iter()
            .filter(|(_, measured)| measured.expression.check().is_ok());
        let mut list: Vec<SeriesInfo> = known.map(|(one, _)| info(one)).collect();
        let asked: Vec<Arc<str>> = self.lock().keys().cloned().collect();
        list.extend(
            asked
                .iter()
                .filter_map(|name| Some(self.find(name).ok()?.1)),
        );
        let order = ["commands", "queues", "sync", "redis", "process"];
        list.sort_by_key(|info| order.iter().position(|group| *group == info.group));
        list
    }

    pub(crate) fn is_fixed(&self, name: &str) -> bool {
        self.fixed.iter().any(|(one, _)| one.name == name)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn info(definition: &SeriesDefinition) -> SeriesInfo {
    SeriesInfo {
        name: definition.name.to_owned(),
        unit: definition.unit.to_owned(),
        help: definition.help.to_owned(),
        metric: definition.metric.to_owned(),
        group: definition.group.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(number: usize) -> String {
        format!("rate(graphy_refusals_total[{number}s])")
    }

    #[test]
    fn what_charts_ask_for_is_bounded_and_forgotten() {
        let book = SeriesBook::new();
        let fixed = book.measured(0).len();
        book.watch([expression(1).as_str()].into_iter());
        for number in 1..=CHART_EXPRESSIONS_MAX + 5 {
            let (measured, _) = book.find(&expression(number)).unwrap();
            book.ask(&measured, number as u64);
        }
        // The rule's one stays although charts have given it up.
        assert_eq!(book.measured(100).len(), fixed + CHART_EXPRESSIONS_MAX + 1);
        let names: Vec<_> = book.measured(100).into_iter().map(|one| one.name).collect();
        assert!(names.iter().any(|name| **name == *expression(1)));
        assert!(!names.iter().any(|name| **name == *expression(2)));
        assert_eq!(book.measured(ASKED_MS * 2).len(), fixed + 1);
        book.watch(std::iter::empty());
        assert_eq!(book.measured(ASKED_MS * 2).len(), fixed);
    }

    #[test]
    fn an_expression_has_one_name() {
        let book = SeriesBook::new();
        let (one, info) = book.find("rate( graphy_refusals_total [60s])").unwrap();
        assert_eq!(&*one.name, "rate(graphy_refusals_total[1m])");
        assert_eq!(
            (info.unit.as_str(), info.group.as_str()),
            ("1/s", "process")
        );
        assert!(book.find("commands_per_second").unwrap().1.group == "commands");
        assert!(book.find("no_such_series").is_err());
    }
}
