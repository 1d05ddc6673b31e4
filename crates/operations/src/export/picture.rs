//! The two pictures of a scene: SVG and PNG.

use plotters::prelude::{BitMapBackend, IntoDrawingArea, SVGBackend};

use super::paint::paint;
use super::scene::Scene;
use super::{ExportError, GraphContent};

/// How finely an SVG's coordinates divide a canvas unit.
const SVG_UNITS: u32 = 4;
/// The longest side of a PNG, in pixels.
const SIDE_PIXELS_MAX: f64 = 10_000.0;
/// The largest PNG, in pixels.
const PIXELS_MAX: f64 = 12_000_000.0;
/// A small graph is drawn larger, up to this many pixels per canvas unit.
const SCALE_MAX: f64 = 2.0;
/// Up to this size a graph is small.
const SMALL_SIDE: f64 = 1_200.0;
/// A PNG is drawn this many times larger in each direction and then averaged, for smooth lines.
const OVERSAMPLING: u32 = 2;
/// Pixels drawn for each pixel of the file.
const SQUARE: u16 = 4;

/// Draws a graph as an SVG document.
///
/// # Errors
/// [`ExportError`] when it is too large or cannot be drawn.
pub fn svg(content: &GraphContent) -> Result<String, ExportError> {
    let scene = Scene::of(content)?;
    let scale = f64::from(SVG_UNITS);
    let (width, height) = (whole(scene.width * scale), whole(scene.height * scale));
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        paint(&area, &scene, scale)?;
    }
    // The document shows a quarter of a canvas unit as one unit; say how large it is meant to be.
    let fine = format!("width=\"{width}\" height=\"{height}\"");
    let meant = format!(
        "width=\"{}\" height=\"{}\"",
        width / SVG_UNITS,
        height / SVG_UNITS
    );
    Ok(text.replacen(&fine, &meant, 1))
}

/// Draws a graph as a PNG file.
///
/// # Errors
/// [`ExportError`] when it is too large or cannot be drawn.
pub fn png(content: &GraphContent) -> Result<Vec<u8>, ExportError> {
    let scene = Scene::of(content)?;
    let scale = png_scale(&scene);
    let (width, height) = (whole(scene.width * scale), whole(scene.height * scale));
    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut pixels = vec![0_u8; fine.0 as usize * fine.1 as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, fine).into_drawing_area();
        paint(&area, &scene, scale * f64::from(OVERSAMPLING))?;
    }
    let pixels = average(&pixels, width as usize, height as usize);
    encode(&pixels, width, height).map_err(ExportError::Encode)
}

fn png_scale(scene: &Scene) -> f64 {
    let longest = scene.width.max(scene.height);
    let wanted = if longest <= SMALL_SIDE {
        SCALE_MAX
    } else {
        1.0
    };
    let by_area = (PIXELS_MAX / (scene.width * scene.height)).sqrt();
    wanted.min(SIDE_PIXELS_MAX / longest).min(by_area)
}

/// Makes one pixel of each square of `OVERSAMPLING` × `OVERSAMPLING`.
pub(crate) fn average(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let side = OVERSAMPLING as usize;
    let mut coarse = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u16; width * 3];
    for rows in fine.chunks_exact(width * side * 3 * side) {
        sums.fill(0);
        for row in rows.chunks_exact(width * side * 3) {
            for (sum, square) in sums.chunks_exact_mut(3).zip(row.chunks_exact(side * 3)) {
                for pixel in square.chunks_exact(3) {
                    sum[0] += u16::from(pixel[0]);
                    sum[1] += u16::from(pixel[1]);
                    sum[2] += u16::from(pixel[2]);
                }
            }
        }
        coarse.extend(sums.iter().map(|sum| (sum / SQUARE).to_le_bytes()[0]));
    }
    coarse
}

/// Writes pixels as a PNG file.
pub(crate) fn encode(
    pixels: &[u8],
    width: u32,
    height: u32,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

/// Rounds a length up to whole units, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the scene"
)]
fn whole(length: f64) -> u32 {
    length.ceil().max(1.0) as u32
}
