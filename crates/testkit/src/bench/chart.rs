//! Pictures of figures, as SVG that follows the reader's light or dark theme: rows in groups, each
//! with bars or dots on one scale.

use std::sync::OnceLock;

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, IntoTextStyle, RGBColor, register_font,
};

use super::machine::root;

const WIDTH: u32 = 1020;
const LEFT: i32 = 350;
const RIGHT: i32 = 950;
const TOP: i32 = 84;
const LINE: i32 = 24;
const GAP: i32 = 14;

/// A colour and what it becomes on a dark page.
#[derive(Debug)]
pub(super) struct Ink {
    light: RGBColor,
    dark: &'static str,
}

const GROUND: Ink = ink((255, 255, 254), "#161b22");
const TEXT: Ink = ink((31, 35, 40), "#e6edf3");
const FAINT: Ink = ink((101, 109, 118), "#9da7b3");
const GRID: Ink = ink((216, 222, 228), "#30363d");
pub(super) const GRAPHY: Ink = ink((9, 105, 218), "#58a6ff");
pub(super) const OTHER: Ink = ink((188, 76, 0), "#f0883e");
pub(super) const SECOND: Ink = ink((154, 103, 0), "#d29922");
pub(super) const THIRD: Ink = ink((130, 80, 223), "#bc8cff");

const INKS: [&Ink; 8] = [
    &GROUND, &TEXT, &FAINT, &GRID, &GRAPHY, &OTHER, &SECOND, &THIRD,
];

const fn ink((r, g, b): (u8, u8, u8), dark: &'static str) -> Ink {
    Ink {
        light: RGBColor(r, g, b),
        dark,
    }
}

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Dots on a line, on a logarithmic scale.
    Dots,
    /// Bars from zero, each further value fainter.
    Bars,
}

/// One row of a picture.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) ink: &'static Ink,
    /// Its values, ascending.
    pub(super) marks: Vec<f64>,
}

/// Rows that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) bars: Vec<Bar>,
}

/// A picture without its figures.
#[derive(Debug)]
pub(super) struct Chart {
    /// The name of the file, without its ending.
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) legend: &'static str,
    pub(super) form: Form,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart {
    /// Draws figures into the picture's file in `docs/images`.
    pub(super) fn draw(&self, groups: &[Group]) -> anyhow::Result<()> {
        let lines: usize = groups.iter().map(|group| group.bars.len()).sum();
        let height = TOP + i32::try_from(lines)? * LINE + i32::try_from(groups.len())? * GAP + 40;
        let mut svg = String::new();
        {
            let size = (WIDTH, u32::try_from(height)?);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            area.fill(&GROUND.light).map_err(failed)?;
            self.paint(&area, groups, height)?;
            area.present().map_err(failed)?;
        }
        let folder = root().join("docs/images");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.svg", self.file));
        std::fs::write(&path, themed(&svg))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn paint(&self, area: &Area<'_>, groups: &[Group], height: i32) -> anyhow::Result<()> {
        let all = groups.iter().flat_map(|group| &group.bars);
        let values: Vec<f64> = all.flat_map(|bar| bar.marks.iter().copied()).collect();
        let scale = Scale::over(&values, self.form == Form::Dots);
        write(area, self.title, (24, 28), 18.0, TEXT.light, HPos::Left)?;
        write(area, self.legend, (24, 52), 13.0, FAINT.light, HPos::Left)?;
        for tick in scale.ticks() {
            let x = scale.x(tick);
            line(area, (x, TOP - 8), (x, height - 34), GRID.light, 1)?;
            let label = short(tick);
            write(
                area,
                &label,
                (x, height - 20),
                12.0,
                FAINT.light,
                HPos::Center,
            )?;
        }
        let mut y = TOP;
        for group in groups {
            write(
                area,
                &group.name,
                (24, y + LINE / 2),
                13.0,
                TEXT.light,
                HPos::Left,
            )?;
            for bar in &group.bars {
                self.bar(area, bar, &scale, y + LINE / 2)?;
                y += LINE;
            }
            y += GAP;
        }
        Ok(())
    }

    fn bar(&self, area: &Area<'_>, bar: &Bar, scale: &Scale, y: i32) -> anyhow::Result<()> {
        let colour = bar.ink.light;
        write(area, &bar.label, (LEFT - 12, y), 13.0, colour, HPos::Right)?;
        let marks = &bar.marks;
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
            return Ok(());
        };
        match self.form {
            Form::Dots => {
                line(area, (scale.x(*first), y), (scale.x(*last), y), colour, 3)?;
                for mark in marks {
                    let dot = Circle::new((scale.x(*mark), y), 4, colour.filled());
                    area.draw(&dot).map_err(failed)?;
                }
            }
            Form::Bars => {
                let mut from = 0.0;
                for (mark, strength) in marks.iter().zip([1.0, 0.45]) {
                    let corners = [(scale.x(from), y - 6), (scale.x(*mark), y + 6)];
                    let bar = Rectangle::new(corners, colour.mix(strength).filled());
                    area.draw(&bar).map_err(failed)?;
                    from = *mark;
                }
            }
        }
        write(
            area,
            &short(*last),
            (scale.x(*last) + 10, y),
            12.0,
            TEXT.light,
            HPos::Left,
        )
    }
}

/// Writes a number with as many digits as can be of interest.
fn short(value: f64) -> String {
    let digits = if value > 0.0 && value < 10.0 && value.fract() > 0.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$}")
}

/// Where values lie between the left and the right edge.
struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    fn over(values: &[f64], logarithmic: bool) -> Self {
        let high = values.iter().copied().fold(1.0, f64::max);
        let low = values.iter().copied().fold(high, f64::min).max(0.1);
        if logarithmic {
            let (low, high) = (low.log10().floor(), high.log10().ceil());
            Self {
                low,
                high: high.max(low + 1.0),
                logarithmic,
            }
        } else {
            Self {
                low: 0.0,
                high,
                logarithmic,
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place in the picture")]
    fn x(&self, value: f64) -> i32 {
        let value = if self.logarithmic {
            value.max(0.001).log10()
        } else {
            value
        };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        LEFT + (share * f64::from(RIGHT - LEFT)) as i32
    }

    #[expect(clippy::cast_possible_truncation, reason = "small powers of ten")]
    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let powers = self.low as i32..=self.high as i32;
            return powers.map(|power| 10f64.powi(power)).collect();
        }
        let step = 10f64.powf(self.high.log10().floor()) / 2.0;
        let count = (self.high / step) as i32;
        (0..=count).map(|n| f64::from(n) * step).collect()
    }
}

fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: f64,
    colour: RGBColor,
    side: HPos,
) -> anyhow::Result<()> {
    let style = font(size)
        .into_text_style(area)
        .color(&colour)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))
        .map_err(failed)
}

fn line(
    area: &Area<'_>,
    from: (i32, i32),
    to: (i32, i32),
    colour: RGBColor,
    width: u32,
) -> anyhow::Result<()> {
    let path = PathElement::new(vec![from, to], colour.stroke_width(width));
    area.draw(&path).map_err(failed)
}

/// Returns the font; its measures are compiled in, the reader's own sans-serif is shown.
fn font(size: f64) -> FontDesc<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let added = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
        assert!(added.is_ok(), "the font that is compiled in is a font");
    });
    FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

/// Adds the colours of a dark page.
fn themed(svg: &str) -> String {
    let mut style = "<style>@media (prefers-color-scheme: dark) {".to_owned();
    for Ink {
        light: RGBColor(r, g, b),
        dark,
    } in INKS
    {
        let light = format!("#{r:02X}{g:02X}{b:02X}");
        style.push_str(&format!(
            "[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}"
        ));
    }
    style.push_str("}</style>");
    match svg
        .find("<svg")
        .and_then(|at| svg[at..].find('>').map(|end| at + end + 1))
    {
        Some(at) => format!("{}{style}{}", &svg[..at], &svg[at..]),
        None => svg.to_owned(),
    }
}
