//! One chart: lines over time, with axes, gaps where nothing was measured, a limit, and the times
//! in which alerts fired.

use super::axis;
use super::canvas::{Anchor, Canvas, Drawing, Point, TextStyle};
use super::theme::Ink;
use crate::export::ExportError;
use crate::export::font::width;

pub(super) const WIDTH: u32 = 590;
pub(super) const HEIGHT: u32 = 250;

const LEFT: f64 = 62.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 30.0;
const TITLE: f64 = 15.0;
const SMALL: f64 = 12.0;
/// The inks of the lines, in their order.
const INKS: [Ink; 3] = [Ink::First, Ink::Second, Ink::Third];

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) label: String,
    /// One value per step; none where nothing was measured.
    pub(super) values: Vec<Option<f64>>,
}

/// A chart and what it shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) from: u64,
    pub(super) to: u64,
    /// The start of each step.
    pub(super) at: Vec<u64>,
    pub(super) step_ms: u64,
    pub(super) lines: Vec<Line>,
    /// The value at which a target is missed.
    pub(super) limit: Option<f64>,
    /// When alerts fired that watch this.
    pub(super) alerts: Vec<(u64, u64)>,
}

impl Chart {
    /// The top of the scale. A limit far above all values would flatten them, so it is left out.
    fn scale(&self) -> (f64, f64, Option<f64>) {
        let values = self
            .lines
            .iter()
            .flat_map(|line| line.values.iter().flatten());
        let greatest = values.fold(0.0_f64, |greatest, value| greatest.max(*value));
        let shown = self
            .limit
            .filter(|limit| greatest == 0.0 || *limit <= greatest * 4.0);
        let (top, step) = axis::scale(greatest.max(shown.unwrap_or(0.0) * 1.02));
        (top, step, shown)
    }

    fn has_values(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.values.iter().any(Option::is_some))
    }

    /// The spans in which no line has a value.
    fn gaps(&self) -> Vec<(u64, u64)> {
        let empty = |at: usize| {
            self.lines
                .iter()
                .all(|line| line.values.get(at).copied().flatten().is_none())
        };
        let mut gaps: Vec<(u64, u64)> = Vec::new();
        let mut note = |begin: u64, end: u64| match gaps.last_mut() {
            Some((_, last)) if *last >= begin => *last = end,
            _ if end > begin => gaps.push((begin, end)),
            _ => {}
        };
        let first = self.at.first().copied().unwrap_or(self.to);
        note(self.from, first.min(self.to));
        for (index, at) in self.at.iter().enumerate() {
            let next = self.at.get(index + 1).copied();
            if empty(index) {
                note((*at).max(self.from), (at + self.step_ms).min(self.to));
            }
            // Slots that are not there at all.
            if let Some(next) = next.filter(|next| *next > at + self.step_ms) {
                note(at + self.step_ms, next);
            }
        }
        let last = self.at.last().map_or(self.to, |at| at + self.step_ms);
        note(last.min(self.to), self.to);
        gaps.retain(|(begin, end)| end > begin);
        gaps
    }

    #[expect(clippy::cast_precision_loss, reason = "spans of at most some months")]
    fn x(&self, at: u64) -> f64 {
        let span = self.to.saturating_sub(self.from).max(1) as f64;
        let share = at.saturating_sub(self.from) as f64 / span;
        LEFT + share.min(1.0) * (f64::from(WIDTH) - LEFT - RIGHT)
    }

    /// The runs of values without a gap, as points; each value stands in the middle of its step.
    fn runs(&self, line: &Line, y: impl Fn(f64) -> f64) -> Vec<Vec<Point>> {
        let mut runs: Vec<Vec<Point>> = Vec::new();
        let mut last = None;
        for (at, value) in self.at.iter().zip(&line.values) {
            let Some(value) = value else {
                last = None;
                continue;
            };
            let point = (
                self.x((at + self.step_ms / 2).clamp(self.from, self.to)),
                y(*value),
            );
            let joins = last.is_some_and(|last: u64| *at <= last + self.step_ms);
            match runs.last_mut() {
                Some(run) if joins => run.push(point),
                _ => runs.push(vec![point]),
            }
            last = Some(*at);
        }
        runs
    }

    fn legend(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        if self.lines.len() < 2 {
            return Ok(());
        }
        let mut right = f64::from(WIDTH) - RIGHT;
        let text = TextStyle::new(SMALL, Ink::Muted, Anchor::Left);
        for (line, ink) in self.lines.iter().zip(INKS).rev() {
            right -= width(&line.label, SMALL);
            canvas.text(&line.label, (right, 22.0), text)?;
            canvas.line(&[(right - 22.0, 22.0), (right - 6.0, 22.0)], ink, 2.5)?;
            right -= 38.0;
        }
        Ok(())
    }

    fn frame(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        let size = (f64::from(WIDTH), f64::from(HEIGHT));
        canvas.rectangle((0.0, 0.0), size, Ink::Panel, 1.0)?;
        canvas.text(
            self.title,
            (16.0, 22.0),
            TextStyle::new(TITLE, Ink::Text, Anchor::Left),
        )?;
        let unit = TextStyle::new(SMALL, Ink::Muted, Anchor::Left);
        canvas.text(self.unit, (16.0, 43.0), unit)?;
        self.legend(canvas)
    }
}

impl Drawing for Chart {
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    fn draw(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        self.frame(canvas)?;
        let (top, step, limit) = self.scale();
        let (left, right) = (LEFT, f64::from(WIDTH) - RIGHT);
        let (upper, lower) = (TOP, f64::from(HEIGHT) - BOTTOM);
        let y = |value: f64| lower - (value / top).clamp(0.0, 1.0) * (lower - upper);
        let small = |anchor| TextStyle::new(SMALL, Ink::Muted, anchor);
        for (begin, end) in self.gaps() {
            let (begin, end) = (self.x(begin), self.x(end));
            canvas.rectangle((begin, upper), (end - begin, lower - upper), Ink::Gap, 1.0)?;
        }
        for (begin, end) in &self.alerts {
            let (begin, end) = (self.x(*begin), self.x(*end).max(self.x(*begin) + 2.0));
            canvas.rectangle(
                (begin, upper),
                (end - begin, lower - upper),
                Ink::Alert,
                0.18,
            )?;
            canvas.rectangle((begin, upper - 4.0), (end - begin, 4.0), Ink::Alert, 1.0)?;
        }
        let mut value = 0.0;
        while value <= top * 1.000_001 {
            canvas.line(&[(left, y(value)), (right, y(value))], Ink::Grid, 1.0)?;
            canvas.text(
                &axis::mark(value, step),
                (left - 8.0, y(value)),
                small(Anchor::Right),
            )?;
            value += step;
        }
        for (at, text) in axis::times(self.from, self.to) {
            let x = self.x(at);
            canvas.line(&[(x, lower), (x, lower + 4.0)], Ink::Muted, 1.0)?;
            canvas.text(&text, (x, lower + 15.0), small(Anchor::Middle))?;
        }
        if let Some(limit) = limit {
            for dash in dashes(left, right) {
                canvas.line(&[(dash.0, y(limit)), (dash.1, y(limit))], Ink::Limit, 1.5)?;
            }
        }
        for (line, ink) in self.lines.iter().zip(INKS) {
            for run in self.runs(line, y) {
                match run[..] {
                    [point] => canvas.dot(point, ink, 2.0)?,
                    _ => canvas.line(&run, ink, 1.8)?,
                }
            }
        }
        if !self.has_values() {
            let middle = ((left + right) / 2.0, (upper + lower) / 2.0);
            canvas.text("nothing was measured", middle, small(Anchor::Middle))?;
        }
        Ok(())
    }
}

fn dashes(left: f64, right: f64) -> impl Iterator<Item = (f64, f64)> {
    const LENGTH: f64 = 7.0;
    let mut at = left;
    std::iter::from_fn(move || {
        let begin = at;
        at += 2.0 * LENGTH;
        (begin < right).then(|| (begin, (begin + LENGTH).min(right)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(at: &[u64], values: &[Option<f64>]) -> Chart {
        Chart {
            title: "t",
            unit: "u",
            from: 0,
            to: 100,
            at: at.to_vec(),
            step_ms: 10,
            lines: vec![Line {
                label: "l".to_owned(),
                values: values.to_vec(),
            }],
            limit: None,
            alerts: Vec::new(),
        }
    }

    #[test]
    fn gaps_are_where_nothing_was_measured() {
        let one = Some(1.0);
        let chart = chart(&[20, 30, 40, 60, 70], &[one, None, one, one, one]);
        assert_eq!(chart.gaps(), [(0, 20), (30, 40), (50, 60), (80, 100)]);
        let runs = chart.runs(&chart.lines[0], |value| value);
        let lengths: Vec<usize> = runs.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 1, 2], "no line crosses a gap");
    }

    #[test]
    fn a_limit_far_above_does_not_flatten_the_values() {
        let mut chart = chart(&[0, 10], &[Some(2.0), Some(3.0)]);
        chart.limit = Some(100.0);
        assert_eq!(chart.scale(), (3.0, 1.0, None));
        chart.limit = Some(5.0);
        assert_eq!(chart.scale().2, Some(5.0));
    }
}
