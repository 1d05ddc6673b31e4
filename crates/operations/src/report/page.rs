//! The report as a page of its own: pictures, styles and all in one file, in both themes, and fit
//! to be printed.

use std::fmt::Write as _;

use graphy_protocol::reports::{TargetRow, Verdict};

use super::canvas::svg;
use super::chart::Chart;
use super::clock::day_and_time;
use super::sheet::{AREAS, sign, word};
use super::theme::{Ink, themed};
use super::{Report, heading};
use crate::export::ExportError;

const STYLE: &str = include_str!("page.css");

/// Writes the page.
pub(super) fn page(report: &Report) -> Result<String, ExportError> {
    let lines = heading(report);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{variables}{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p>{span}</p>\n</header>\n",
        title = escaped(&lines.title),
        span = escaped(&lines.span),
        variables = variables(),
    );
    html.push_str(&tiles(report));
    html.push_str("<section aria-label=\"Charts\" class=\"charts\">\n");
    for chart in &report.charts {
        html.push_str(&figure(chart)?);
    }
    html.push_str("</section>\n");
    html.push_str(&legend(report));
    html.push_str(&table(&report.figures.targets));
    html.push_str(&alerts(report));
    write!(
        html,
        "<footer>{}</footer>\n</main>\n</body>\n</html>\n",
        escaped(&lines.made)
    )
    .expect("a string takes all text");
    Ok(html)
}

fn variables() -> String {
    let set = |color: fn(Ink) -> String| {
        Ink::ALL.iter().fold(String::new(), |mut text, ink| {
            write!(text, "{}:{};", ink.variable(), color(*ink)).expect("a string takes all text");
            text
        })
    };
    let (light, dark) = (set(Ink::light_css), set(|ink| ink.dark_css().to_owned()));
    format!(":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n")
}

fn tiles(report: &Report) -> String {
    let count = |verdict| {
        let rows = report.figures.targets.iter();
        rows.filter(|row| row.verdict == verdict).count()
    };
    let mut html = "<section aria-label=\"Summary\" class=\"tiles\">\n".to_owned();
    let tiles = [
        ("met", count(Verdict::Met).to_string(), "targets met"),
        (
            "missed",
            count(Verdict::Missed).to_string(),
            "targets missed",
        ),
        ("unknown", count(Verdict::Unknown).to_string(), "not known"),
        ("plain", report.coverage_in_words(), "of the time measured"),
    ];
    for (class, figure, label) in tiles {
        writeln!(
            html,
            "<div class=\"tile {class}\"><strong>{figure}</strong><span>{label}</span></div>"
        )
        .expect("a string takes all text");
    }
    html.push_str("</section>\n");
    html
}

fn figure(chart: &Chart) -> Result<String, ExportError> {
    // The picture's own texts are for the eyes; a reader of screens gets the title.
    let picture = themed(&svg(chart)?);
    Ok(format!(
        "<figure role=\"img\" aria-label=\"{}, {}\">{picture}</figure>\n",
        escaped(chart.title),
        escaped(chart.unit)
    ))
}

fn legend(report: &Report) -> String {
    let alerts = if report.charts.iter().any(|chart| !chart.alerts.is_empty()) {
        " <i class=\"alert\"></i> an alert fired"
    } else {
        ""
    };
    format!(
        "<p class=\"legend\"><i class=\"gap\"></i> nothing was measured \
         <i class=\"limit\"></i> a target{alerts} · times in UTC</p>\n"
    )
}

fn table(rows: &[TargetRow]) -> String {
    let mut html = "<h2>Success metrics</h2>\n<table>\n<thead><tr><th scope=\"col\">Metric</th>\
                    <th scope=\"col\">Target</th><th scope=\"col\">Actual</th>\
                    <th scope=\"col\">Verdict</th><th scope=\"col\">How it is worked out</th>\
                    </tr></thead>\n"
        .to_owned();
    for (area, name) in AREAS {
        write!(
            html,
            "<tbody>\n<tr class=\"area\"><th colspan=\"5\" scope=\"rowgroup\">{name}</th></tr>\n"
        )
        .expect("a string takes all text");
        for row in rows.iter().filter(|row| row.area == area) {
            html.push_str(&table_row(row));
        }
        html.push_str("</tbody>\n");
    }
    html.push_str("</table>\n");
    html
}

fn table_row(row: &TargetRow) -> String {
    let note = row.note.as_deref().map_or_else(String::new, |note| {
        format!("<br><span class=\"note\">{}</span>", escaped(note))
    });
    format!(
        "<tr><th scope=\"row\">{title}</th><td>{target}</td><td>{actual}</td>\
         <td class=\"{verdict}\">{sign} {verdict}</td><td class=\"formula\">{formula}{note}</td></tr>\n",
        title = escaped(&row.title),
        target = escaped(&row.target),
        actual = escaped(row.actual.as_deref().unwrap_or("–")),
        verdict = word(row.verdict),
        sign = sign(row.verdict),
        formula = escaped(&row.formula),
    )
}

fn alerts(report: &Report) -> String {
    if report.alerts.is_empty() {
        return "<h2>Alerts</h2>\n<p>None fired.</p>\n".to_owned();
    }
    let mut html = "<h2>Alerts</h2>\n<ul>\n".to_owned();
    for mark in &report.alerts {
        let until = mark
            .to
            .map_or_else(|| "still firing".to_owned(), day_and_time);
        writeln!(
            html,
            "<li>{} <span class=\"note\">{} – {until}</span></li>",
            escaped(&mark.title),
            day_and_time(mark.from)
        )
        .expect("a string takes all text");
    }
    html.push_str("</ul>\n");
    html
}

/// Makes a text harmless inside a page.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
