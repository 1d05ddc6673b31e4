//! A sheet to draw on, in units of its own; vector and bitmap pictures come from the same calls.

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::prelude::{
    BitMapBackend, Color, DrawingArea, DrawingBackend, IntoDrawingArea, IntoTextStyle, SVGBackend,
};
use plotters::style::ShapeStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::theme::Ink;
use crate::export::ExportError;
use crate::export::font::{clipped, font};
use crate::export::picture::{average, encode};

/// A place on the sheet.
pub(super) type Point = (f64, f64);

/// How finely an SVG's coordinates divide a unit.
const SVG_UNITS: u32 = 4;
/// Pixels of a bitmap per unit, in halves.
const PNG_HALVES: u32 = 3;
/// A bitmap is drawn this many times larger in each direction and then averaged.
const OVERSAMPLING: u32 = 2;

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// What can be drawn on.
pub(super) trait Canvas {
    /// Fills a polygon; `strength` is 0 to 1.
    fn fill(&mut self, points: &[Point], ink: Ink, strength: f64) -> Result<(), ExportError>;
    /// Draws a line through points.
    fn line(&mut self, points: &[Point], ink: Ink, width: f64) -> Result<(), ExportError>;
    /// Draws a dot.
    fn dot(&mut self, middle: Point, ink: Ink, radius: f64) -> Result<(), ExportError>;
    /// Writes a text, cut to a width.
    fn text(&mut self, text: &str, at: Point, style: TextStyle) -> Result<(), ExportError>;

    /// Fills a box.
    fn rectangle(
        &mut self,
        (left, top): Point,
        (width, height): (f64, f64),
        ink: Ink,
        strength: f64,
    ) -> Result<(), ExportError> {
        let (right, bottom) = (left + width, top + height);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        self.fill(&corners, ink, strength)
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TextStyle {
    pub(super) size: f64,
    pub(super) ink: Ink,
    pub(super) anchor: Anchor,
    pub(super) width_max: f64,
}

impl TextStyle {
    pub(super) fn new(size: f64, ink: Ink, anchor: Anchor) -> Self {
        Self {
            size,
            ink,
            anchor,
            width_max: f64::INFINITY,
        }
    }

    pub(super) fn within(self, width_max: f64) -> Self {
        Self { width_max, ..self }
    }
}

struct Sheet<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
}

impl<B: DrawingBackend> Sheet<'_, B> {
    #[expect(clippy::cast_possible_truncation, reason = "a sheet is small")]
    fn unit(&self, (x, y): Point) -> (i32, i32) {
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }
}

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError::Draw(error.to_string())
}

impl<B: DrawingBackend> Canvas for Sheet<'_, B> {
    fn fill(&mut self, points: &[Point], ink: Ink, strength: f64) -> Result<(), ExportError> {
        let points: Vec<_> = points.iter().map(|point| self.unit(*point)).collect();
        let style = ink.light().mix(strength).filled();
        self.area.draw(&Polygon::new(points, style)).map_err(failed)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    fn line(&mut self, points: &[Point], ink: Ink, width: f64) -> Result<(), ExportError> {
        let points: Vec<_> = points.iter().map(|point| self.unit(*point)).collect();
        let style = ShapeStyle {
            color: ink.light().to_rgba(),
            filled: false,
            stroke_width: (width * self.scale).round().max(1.0) as u32,
        };
        self.area
            .draw(&PathElement::new(points, style))
            .map_err(failed)
    }

    #[expect(clippy::cast_possible_truncation, reason = "small")]
    fn dot(&mut self, middle: Point, ink: Ink, radius: f64) -> Result<(), ExportError> {
        let radius = (radius * self.scale).round() as i32;
        let style = ink.light().filled();
        self.area
            .draw(&Circle::new(self.unit(middle), radius, style))
            .map_err(failed)
    }

    fn text(&mut self, text: &str, at: Point, style: TextStyle) -> Result<(), ExportError> {
        let size = style.size * self.scale;
        let text = clipped(text, size, style.width_max * self.scale);
        if text.is_empty() {
            return Ok(());
        }
        let side = match style.anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        let color = style.ink.light();
        let drawn = font(size)
            .into_text_style(self.area)
            .color(&color)
            .pos(Pos::new(side, VPos::Center));
        self.area
            .draw(&Text::new(text, self.unit(at), drawn))
            .map_err(failed)
    }
}

/// Something that can be drawn, and how large it is.
pub(super) trait Drawing {
    /// Its width and height in units.
    fn size(&self) -> (u32, u32);
    /// Draws it.
    fn draw(&self, canvas: &mut dyn Canvas) -> Result<(), ExportError>;
}

/// Draws something as an SVG document.
pub(super) fn svg(drawing: &impl Drawing) -> Result<String, ExportError> {
    let (width, height) = drawing.size();
    let fine = (width * SVG_UNITS, height * SVG_UNITS);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, fine).into_drawing_area();
        drawing.draw(&mut Sheet {
            area: &area,
            scale: f64::from(SVG_UNITS),
        })?;
        area.present().map_err(failed)?;
    }
    let drawn = format!("width=\"{}\" height=\"{}\"", fine.0, fine.1);
    Ok(text.replacen(&drawn, &format!("width=\"{width}\" height=\"{height}\""), 1))
}

/// Draws something as a PNG file.
pub(super) fn png(drawing: &impl Drawing) -> Result<Vec<u8>, ExportError> {
    let (width, height) = drawing.size();
    let (width, height) = (width * PNG_HALVES / 2, height * PNG_HALVES / 2);
    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut pixels = vec![0_u8; fine.0 as usize * fine.1 as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, fine).into_drawing_area();
        let scale = f64::from(PNG_HALVES * OVERSAMPLING) / 2.0;
        drawing.draw(&mut Sheet { area: &area, scale })?;
        area.present().map_err(failed)?;
    }
    let pixels = average(&pixels, width as usize, height as usize);
    encode(&pixels, width, height).map_err(ExportError::Encode)
}
