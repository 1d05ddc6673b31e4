//! The font of pictures. DejaVu Sans is compiled in (free licence, see the crate `dejavu`), so a
//! picture looks the same on a machine that has no fonts at all.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The generic name, so that an SVG asks its viewer for a font that it has.
const FAMILY: &str = "sans-serif";

/// Returns the font at a size in pixels of the picture.
pub(crate) fn font(size: f64) -> FontDesc<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let added = register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
        assert!(added.is_ok(), "the font that is compiled in is a font");
    });
    FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal)
}

/// Returns how wide a text is at a size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // Measured large, because sizes are whole.
    const TIMES: f64 = 8.0;
    let measured = font(size * TIMES).box_size(text);
    measured.map_or(0.0, |(width, _)| f64::from(width) / TIMES)
}

/// Cuts a text so that it fits into a width, with `…` where it was cut.
pub(crate) fn clipped(text: &str, size: f64, width: f64) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let plain = plain.trim();
    let font = font(size);
    let fits = |text: &str| {
        font.box_size(text)
            .is_ok_and(|(text_width, _)| f64::from(text_width) <= width)
    };
    if fits(plain) {
        return plain.to_owned();
    }
    let ends: Vec<usize> = plain.char_indices().map(|(at, _)| at).collect();
    // The longest beginning that fits together with the dots.
    let kept = ends.partition_point(|end| fits(&format!("{}…", plain[..*end].trim_end())));
    match kept.checked_sub(1) {
        Some(last) if ends[last] > 0 => format!("{}…", plain[..ends[last]].trim_end()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_the_width() {
        assert_eq!(clipped("serde", 14.0, 200.0), "serde");
        let cut = clipped("a-very-long-package-name-indeed 1.2.3", 14.0, 120.0);
        assert!(cut.ends_with('…') && cut.starts_with("a-very"), "{cut}");
        assert!(font(14.0).box_size(&cut).unwrap().0 <= 120);
        assert_eq!(clipped("wide", 14.0, 2.0), "");
        assert_eq!(clipped("a\u{1}b\n", 14.0, 200.0), "a b");
    }
}
