//! The colours of reports. Bitmaps are light; a page puts its own variables in their place, so that
//! it follows the reader's theme.

use plotters::style::RGBColor;

/// What something is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// The sheet.
    Ground,
    /// What lies on the sheet.
    Panel,
    /// Titles and figures.
    Text,
    /// Axes and what explains.
    Muted,
    /// Lines behind the data.
    Grid,
    /// Times without measurements.
    Gap,
    /// The first line of a chart.
    First,
    /// The second line.
    Second,
    /// The third line.
    Third,
    /// A limit, a missed target.
    Limit,
    /// A time in which an alert fired.
    Alert,
    /// A target that is met.
    Met,
}

impl Ink {
    /// All inks; no two have the same colour, so that a page can tell them apart.
    pub(super) const ALL: [Self; 12] = [
        Self::Ground,
        Self::Panel,
        Self::Text,
        Self::Muted,
        Self::Grid,
        Self::Gap,
        Self::First,
        Self::Second,
        Self::Third,
        Self::Limit,
        Self::Alert,
        Self::Met,
    ];

    /// Returns the colour on light ground.
    pub(super) fn light(self) -> RGBColor {
        let (red, green, blue) = match self {
            Self::Ground => (246, 247, 250),
            Self::Panel => (255, 255, 254),
            Self::Text => (27, 33, 47),
            Self::Muted => (88, 98, 120),
            Self::Grid => (225, 229, 237),
            Self::Gap => (237, 239, 244),
            Self::First => (31, 98, 201),
            Self::Second => (15, 124, 114),
            Self::Third => (150, 70, 170),
            Self::Limit => (196, 43, 58),
            Self::Alert => (217, 119, 6),
            Self::Met => (28, 120, 62),
        };
        RGBColor(red, green, blue)
    }

    /// Returns the colour on dark ground, as CSS has it.
    pub(super) fn dark_css(self) -> &'static str {
        match self {
            Self::Ground => "#11151d",
            Self::Panel => "#191f2a",
            Self::Text => "#e8ecf4",
            Self::Muted => "#a0abc0",
            Self::Grid => "#2c3545",
            Self::Gap => "#212836",
            Self::First => "#6ea8ff",
            Self::Second => "#4fd1bd",
            Self::Third => "#d79bf0",
            Self::Limit => "#ff7b86",
            Self::Alert => "#f5b04c",
            Self::Met => "#63d391",
        }
    }

    /// Returns the colour on light ground, as pictures write it.
    pub(super) fn light_css(self) -> String {
        let RGBColor(red, green, blue) = self.light();
        format!("#{red:02X}{green:02X}{blue:02X}")
    }

    /// Returns the name of a page's variable.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Ground => "--ground",
            Self::Panel => "--panel",
            Self::Text => "--text",
            Self::Muted => "--muted",
            Self::Grid => "--grid",
            Self::Gap => "--gap",
            Self::First => "--first",
            Self::Second => "--second",
            Self::Third => "--third",
            Self::Limit => "--limit",
            Self::Alert => "--alert",
            Self::Met => "--met",
        }
    }
}

/// Puts the page's variables in the place of the colours of an SVG picture.
pub(super) fn themed(svg: &str) -> String {
    Ink::ALL.iter().fold(svg.to_owned(), |text, ink| {
        text.replace(
            &format!("\"{}\"", ink.light_css()),
            &format!("\"var({})\"", ink.variable()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn inks_can_be_told_apart() {
        let colors: HashSet<String> = Ink::ALL.iter().map(|ink| ink.light_css()).collect();
        assert_eq!(colors.len(), Ink::ALL.len());
        let drawn = format!("<rect fill=\"{}\"/>", Ink::Panel.light_css());
        assert_eq!(themed(&drawn), "<rect fill=\"var(--panel)\"/>");
    }
}
