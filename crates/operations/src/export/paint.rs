//! Draws a scene with plotters. The same code draws vector and bitmap pictures.
//!
//! plotters works in whole units of the picture, so `scale` says how many of them a canvas unit
//! has; with several, round corners come out round.

use plotters::coord::Shift;
use plotters::element::{PathElement, Polygon, Text};
use plotters::prelude::{Color, DrawingArea, DrawingBackend, IntoTextStyle, RGBAColor};
use plotters::style::ShapeStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ExportError;
use super::font::{clipped, font};
use super::palette::{GROUND, INK, LINE};
use super::scene::{Arrow, NodeBox, Point, Scene};

const CORNER: f64 = 8.0;
const TITLE_SIZE: f64 = 15.0;
const LABEL_SIZE: f64 = 12.0;
const LABEL_WIDTH_MAX: f64 = 160.0;
const TITLE_MARGIN: f64 = 10.0;
const ARROW_LENGTH: f64 = 8.0;
const ARROW_HALF_WIDTH: f64 = 3.2;
/// Text smaller than this, in units of the picture, is only dirt.
const TEXT_UNITS_MIN: f64 = 6.0;
/// With more edges than this, each is drawn fainter, so that nodes stay readable.
const MANY_EDGES: usize = 400;

/// Draws a scene onto an area that is large enough for it.
pub(super) fn paint<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    scene: &Scene,
    scale: f64,
) -> Result<(), ExportError> {
    area.fill(&GROUND).map_err(failed)?;
    let brush = Brush { area, scale };
    let strength = if scene.arrows.len() > MANY_EDGES {
        0.38
    } else {
        0.8
    };
    for arrow in &scene.arrows {
        brush.arrow(arrow, LINE.mix(strength))?;
    }
    for node in &scene.nodes {
        brush.node(node)?;
    }
    for arrow in &scene.arrows {
        brush.label(arrow)?;
    }
    area.present().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError::Draw(error.to_string())
}

struct Brush<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
}

impl<B: DrawingBackend> Brush<'_, B> {
    fn arrow(&self, arrow: &Arrow, color: RGBAColor) -> Result<(), ExportError> {
        let (dx, dy) = (arrow.to.0 - arrow.from.0, arrow.to.1 - arrow.from.1);
        let length = dx.hypot(dy);
        if length < 1.0 {
            return Ok(());
        }
        let (ux, uy) = (dx / length, dy / length);
        let head = ARROW_LENGTH.min(length);
        let neck = (arrow.to.0 - ux * head, arrow.to.1 - uy * head);
        let side = |sign: f64| {
            (
                neck.0 - uy * ARROW_HALF_WIDTH * sign,
                neck.1 + ux * ARROW_HALF_WIDTH * sign,
            )
        };
        self.line(vec![arrow.from, neck], color, 0.9)?;
        self.fill(&[arrow.to, side(1.0), side(-1.0)], color)
    }

    fn node(&self, node: &NodeBox) -> Result<(), ExportError> {
        let outline = round_outline(node.left, node.top, node.width, node.height);
        self.fill(&outline, node.tint.fill.to_rgba())?;
        if let Some(progress) = node.progress {
            self.progress(node, progress)?;
        }
        let mut border = outline;
        border.push(border[0]);
        self.line(border, node.tint.border.to_rgba(), 1.2)?;
        let middle = (node.left + node.width / 2.0, node.top + node.height / 2.0);
        let room = node.width - 2.0 * TITLE_MARGIN;
        self.text(&node.title, middle, TITLE_SIZE, room, INK.to_rgba())
    }

    /// A bar along the lower border that shows how far the node's work is.
    fn progress(&self, node: &NodeBox, progress: f64) -> Result<(), ExportError> {
        const THICKNESS: f64 = 4.0;
        let inset = CORNER.min(node.width / 2.0);
        let (left, bottom) = (node.left + inset, node.top + node.height - THICKNESS);
        let right = left + (node.width - 2.0 * inset) * progress;
        let (top, bottom) = (bottom - 1.0, bottom + THICKNESS - 1.0);
        let bar = [(left, top), (right, top), (right, bottom), (left, bottom)];
        self.fill(&bar, node.tint.border.to_rgba())
    }

    fn label(&self, arrow: &Arrow) -> Result<(), ExportError> {
        let Some(label) = &arrow.label else {
            return Ok(());
        };
        let middle = (
            (arrow.from.0 + arrow.to.0) / 2.0,
            (arrow.from.1 + arrow.to.1) / 2.0,
        );
        self.text(label, middle, LABEL_SIZE, LABEL_WIDTH_MAX, LINE.to_rgba())
    }

    fn text(
        &self,
        text: &str,
        middle: Point,
        size: f64,
        width: f64,
        color: RGBAColor,
    ) -> Result<(), ExportError> {
        let size = size * self.scale;
        if size < TEXT_UNITS_MIN {
            return Ok(());
        }
        let text = clipped(text, size, width * self.scale);
        if text.is_empty() {
            return Ok(());
        }
        let style = font(size)
            .into_text_style(self.area)
            .color(&color)
            .pos(Pos::new(HPos::Center, VPos::Center));
        self.area
            .draw(&Text::new(text, self.unit(middle), style))
            .map_err(failed)
    }

    fn line(&self, points: Vec<Point>, color: RGBAColor, width: f64) -> Result<(), ExportError> {
        let points: Vec<_> = points.into_iter().map(|point| self.unit(point)).collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let width = (width * self.scale).round().max(1.0) as u32;
        self.area
            .draw(&PathElement::new(points, stroke(color, width)))
            .map_err(failed)
    }

    fn fill(&self, points: &[Point], color: RGBAColor) -> Result<(), ExportError> {
        let points: Vec<_> = points.iter().map(|point| self.unit(*point)).collect();
        self.area
            .draw(&Polygon::new(points, color.filled()))
            .map_err(failed)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a scene's points are bounded"
    )]
    fn unit(&self, (x, y): Point) -> (i32, i32) {
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }
}

fn stroke(color: RGBAColor, width: u32) -> ShapeStyle {
    ShapeStyle {
        color,
        filled: false,
        stroke_width: width,
    }
}

/// The outline of a box with round corners, clockwise from the upper left.
fn round_outline(left: f64, top: f64, width: f64, height: f64) -> Vec<Point> {
    const STEPS: u32 = 4;
    let radius = CORNER.min(width / 2.0).min(height / 2.0);
    let (right, bottom) = (left + width, top + height);
    let corners = [
        ((left + radius, top + radius), 180.0_f64),
        ((right - radius, top + radius), 270.0),
        ((right - radius, bottom - radius), 0.0),
        ((left + radius, bottom - radius), 90.0),
    ];
    let arc = |((x, y), start): (Point, f64)| {
        (0..=STEPS).map(move |step| {
            let angle = (start + 90.0 * f64::from(step) / f64::from(STEPS)).to_radians();
            (x + radius * angle.cos(), y + radius * angle.sin())
        })
    };
    corners.into_iter().flat_map(arc).collect()
}
