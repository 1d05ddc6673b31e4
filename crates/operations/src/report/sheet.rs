//! The report as one picture: what it is about, its charts, and the table of targets.

use graphy_protocol::reports::{TargetArea, TargetRow, Verdict};

use super::canvas::{Anchor, Canvas, Drawing, Point, TextStyle};
use super::chart::{self, Chart};
use super::theme::Ink;
use super::{Report, heading};
use crate::export::ExportError;

const MARGIN: u32 = 24;
const GUTTER: u32 = 16;
const HEAD: u32 = 84;
const ROW: f64 = 24.0;
const SMALL: f64 = 12.0;
/// Where the columns of the table begin.
const COLUMNS: [f64; 4] = [16.0, 330.0, 450.0, 590.0];

/// The areas in their order.
pub(super) const AREAS: [(TargetArea, &str); 4] = [
    (TargetArea::Technical, "Technical"),
    (TargetArea::Reliability, "Reliability"),
    (TargetArea::UserExperience, "User experience"),
    (TargetArea::Business, "Business"),
];

/// Says a verdict in a word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Unknown => "unknown",
    }
}

/// A report to be drawn.
pub(super) struct Sheet<'a>(pub(super) &'a Report);

impl Sheet<'_> {
    fn width() -> u32 {
        2 * MARGIN + 2 * chart::WIDTH + GUTTER
    }

    fn chart_rows(&self) -> u32 {
        u32::try_from(self.0.charts.len().div_ceil(2)).unwrap_or(0)
    }

    fn table_top(&self) -> u32 {
        HEAD + self.chart_rows() * (chart::HEIGHT + GUTTER)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few rows"
    )]
    fn table_height(&self) -> u32 {
        let rows = self.0.figures.targets.len() + AREAS.len() + 1;
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        let height = rows as f64 * ROW + 20.0;
        height as u32
    }

    fn head(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        let lines = heading(self.0);
        let left = f64::from(MARGIN);
        let room = f64::from(Self::width()) - 2.0 * left;
        let title = TextStyle::new(22.0, Ink::Text, Anchor::Left).within(room);
        canvas.text(&lines.title, (left, 30.0), title)?;
        let small = TextStyle::new(13.0, Ink::Muted, Anchor::Left).within(room);
        canvas.text(
            &format!("{} · {}", lines.span, lines.summary),
            (left, 58.0),
            small,
        )
    }

    fn table(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        let (left, top) = (f64::from(MARGIN), f64::from(self.table_top()));
        let width = f64::from(Self::width()) - 2.0 * left;
        canvas.rectangle(
            (left, top),
            (width, f64::from(self.table_height())),
            Ink::Panel,
            1.0,
        )?;
        let mut y = top + 10.0 + ROW / 2.0;
        for (text, column) in ["Metric", "Target", "Actual", "Verdict"]
            .iter()
            .zip(COLUMNS)
        {
            let style = TextStyle::new(SMALL, Ink::Muted, Anchor::Left);
            canvas.text(text, (left + column, y), style)?;
        }
        for (area, name) in AREAS {
            y += ROW;
            canvas.rectangle((left, y - ROW / 2.0), (width, ROW), Ink::Gap, 1.0)?;
            let style = TextStyle::new(13.0, Ink::Text, Anchor::Left);
            canvas.text(name, (left + COLUMNS[0], y), style)?;
            for row in self.0.figures.targets.iter().filter(|row| row.area == area) {
                y += ROW;
                Self::row(canvas, row, (left, y), width)?;
            }
        }
        Ok(())
    }

    fn row(
        canvas: &mut dyn Canvas,
        row: &TargetRow,
        (left, y): Point,
        width: f64,
    ) -> Result<(), ExportError> {
        let ink = match row.verdict {
            Verdict::Met => Ink::Met,
            Verdict::Missed => Ink::Limit,
            Verdict::Unknown => Ink::Muted,
        };
        canvas.line(
            &[(left, y + ROW / 2.0), (left + width, y + ROW / 2.0)],
            Ink::Grid,
            1.0,
        )?;
        let verdict = format!("{} {}", sign(row.verdict), word(row.verdict));
        let cells = [
            (row.title.as_str(), Ink::Text),
            (&row.target, Ink::Muted),
            (row.actual.as_deref().unwrap_or("–"), Ink::Text),
            (&verdict, ink),
        ];
        for ((text, ink), column) in cells.into_iter().zip(COLUMNS) {
            let style = TextStyle::new(13.0, ink, Anchor::Left).within(300.0);
            canvas.text(text, (left + column, y), style)?;
        }
        let more = left + COLUMNS[3] + 100.0;
        let note = row.note.as_deref().unwrap_or(&row.formula);
        let style = TextStyle::new(SMALL, Ink::Muted, Anchor::Left);
        canvas.text(note, (more, y), style.within(left + width - more - 12.0))
    }
}

/// A sign beside the colour, for those who do not see colours.
pub(super) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "✓",
        Verdict::Missed => "✗",
        Verdict::Unknown => "?",
    }
}

/// A drawing at a place of the sheet.
struct Placed<'a> {
    canvas: &'a mut dyn Canvas,
    at: Point,
}

impl Placed<'_> {
    fn moved(&self, points: &[Point]) -> Vec<Point> {
        points
            .iter()
            .map(|(x, y)| (x + self.at.0, y + self.at.1))
            .collect()
    }
}

impl Canvas for Placed<'_> {
    fn fill(&mut self, points: &[Point], ink: Ink, strength: f64) -> Result<(), ExportError> {
        let points = self.moved(points);
        self.canvas.fill(&points, ink, strength)
    }

    fn line(&mut self, points: &[Point], ink: Ink, width: f64) -> Result<(), ExportError> {
        let points = self.moved(points);
        self.canvas.line(&points, ink, width)
    }

    fn dot(&mut self, (x, y): Point, ink: Ink, radius: f64) -> Result<(), ExportError> {
        self.canvas.dot((x + self.at.0, y + self.at.1), ink, radius)
    }

    fn text(&mut self, text: &str, (x, y): Point, style: TextStyle) -> Result<(), ExportError> {
        self.canvas
            .text(text, (x + self.at.0, y + self.at.1), style)
    }
}

impl Drawing for Sheet<'_> {
    fn size(&self) -> (u32, u32) {
        (
            Self::width(),
            self.table_top() + self.table_height() + MARGIN,
        )
    }

    fn draw(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError> {
        let (width, height) = self.size();
        let whole = (f64::from(width), f64::from(height));
        canvas.rectangle((0.0, 0.0), whole, Ink::Ground, 1.0)?;
        self.head(canvas)?;
        for (index, chart) in self.0.charts.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(0);
            let (column, row) = (index % 2, index / 2);
            let left = MARGIN + column * (chart::WIDTH + GUTTER);
            let top = HEAD + row * (chart::HEIGHT + GUTTER);
            place(chart, canvas, (f64::from(left), f64::from(top)))?;
        }
        self.table(canvas)
    }
}

fn place(chart: &Chart, canvas: &mut dyn Canvas, at: Point) -> Result<(), ExportError> {
    chart.draw(&mut Placed { canvas, at })
}
