//! Colours of pictures, on a light ground. Each kind of node has its own, always the same.

use plotters::style::RGBColor;

/// The ground.
pub(super) const GROUND: RGBColor = RGBColor(250, 251, 253);
/// Titles.
pub(super) const INK: RGBColor = RGBColor(28, 34, 48);
/// Edges and what is written on them.
pub(super) const LINE: RGBColor = RGBColor(92, 107, 133);

/// How a kind of node is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tint {
    pub(super) fill: RGBColor,
    pub(super) border: RGBColor,
}

const fn tint(fill: (u8, u8, u8), border: (u8, u8, u8)) -> Tint {
    Tint {
        fill: RGBColor(fill.0, fill.1, fill.2),
        border: RGBColor(border.0, border.1, border.2),
    }
}

const PLAIN: Tint = tint((255, 255, 255), (148, 160, 184));
const BLUE: Tint = tint((224, 236, 255), (37, 99, 200));
const TEAL: Tint = tint((222, 244, 240), (15, 118, 110));
const VIOLET: Tint = tint((238, 231, 255), (109, 60, 190));
const OTHERS: [Tint; 5] = [
    tint((255, 241, 219), (178, 98, 10)),
    tint((255, 230, 234), (190, 40, 72)),
    tint((231, 246, 222), (62, 124, 23)),
    tint((226, 243, 252), (12, 116, 160)),
    tint((250, 232, 250), (158, 38, 150)),
];

/// Returns the colours of a kind.
pub(super) fn of_kind(kind: &str) -> Tint {
    match kind {
        "default" | "" => PLAIN,
        "workspace" => BLUE,
        "registry" => TEAL,
        "git" => VIOLET,
        // Any spread will do, as long as it is the same on every machine.
        other => {
            let sum = other
                .bytes()
                .fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9973);
            OTHERS[sum % OTHERS.len()]
        }
    }
}
