//! The table that a run ends with.

use crate::rounds::Samples;
use std::fmt;

/// One measured figure.
pub(crate) struct Row {
    what: String,
    figure: String,
    spread: String,
    ratio: String,
    settings: String,
}

/// The figures of one scenario.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

/// All sections.
#[derive(Default)]
pub(crate) struct Table(Vec<Section>);

impl Row {
    /// A rate and what it was measured under.
    pub(crate) fn rate(what: &str, unit: &str, samples: &Samples, settings: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            figure: format!("{} {unit}", grouped(samples.median())),
            spread: format!("{} .. {}", grouped(samples.least()), grouped(samples.most())),
            ratio: String::new(),
            settings: settings.into(),
        }
    }

    /// What one takes, from rates: a second has so many `units`.
    pub(crate) fn each(
        what: &str,
        unit: &str,
        units: f64,
        samples: &Samples,
        settings: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            figure: format!("{} {unit}", grouped(units / samples.median())),
            spread: format!("{} .. {}", grouped(units / samples.most()), grouped(units / samples.least())),
            ratio: String::new(),
            settings: settings.into(),
        }
    }

    /// A single figure.
    pub(crate) fn figure(what: &str, figure: f64, unit: &str, settings: impl Into<String>) -> Self {
        let figure = format!("{} {unit}", grouped(figure));
        Self {
            what: what.into(),
            figure,
            spread: String::new(),
            ratio: String::new(),
            settings: settings.into(),
        }
    }

    /// The same row with a ratio that the reader looks for, and what it should be.
    pub(crate) fn ratio(self, ratio: f64, goal: &str) -> Self {
        Self { ratio: format!("{ratio:.2} x  {goal}"), ..self }
    }

    fn cells(&self) -> [&str; 5] {
        [&self.what, &self.figure, &self.spread, &self.ratio, &self.settings]
    }
}

impl Table {
    pub(crate) fn section(&mut self, section: Section) {
        self.0.push(section);
    }
}

const HEADINGS: [&str; 5] = ["", "median", "least .. most", "ratio", "settings"];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = || self.0.iter().flat_map(|section| &section.rows);
        let widths: [usize; 5] = std::array::from_fn(|column| {
            let cells = rows().map(|row| row.cells()[column].chars().count());
            cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        });
        for section in &self.0 {
            writeln!(f, "\n{}", section.title)?;
            line(f, HEADINGS, widths)?;
            for row in &section.rows {
                line(f, row.cells(), widths)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, cells: [&str; 5], widths: [usize; 5]) -> fmt::Result {
    let [what, figure, spread, ratio, settings] = cells;
    let [w, x, y, z, _] = widths;
    writeln!(f, "  {what:<w$}  {figure:>x$}  {spread:>y$}  {ratio:<z$}  {settings}")
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(grouped(1.0), "1");
        assert_eq!(grouped(999.4), "999");
        assert_eq!(grouped(1_000.0), "1,000");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
    }
}
