//! Tables as Markdown, with columns that also line up on a terminal.

use std::fmt::Write as _;

/// A table whose first column is a name.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Self(vec![head.into_iter().map(Into::into).collect()])
    }

    pub(super) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.push(cells.into_iter().map(Into::into).collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.0.iter().enumerate() {
            let mut line = String::from("|");
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(line, " {cell:width$} |")?,
                    _ => write!(line, " {cell:>width$} |")?,
                }
            }
            writeln!(f, "{line}")?;
            if number == 0 {
                let rules = widths
                    .iter()
                    .enumerate()
                    .map(|(column, &width)| match column {
                        0 => format!(" {} |", "-".repeat(width.max(3))),
                        _ => format!(" {}: |", "-".repeat(width.max(3) - 1)),
                    });
                writeln!(f, "|{}", rules.collect::<String>())?;
            }
        }
        Ok(())
    }
}

/// Three digits that count, or the whole number.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 99.95 => grouped(value),
        middle if middle >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `12,345`.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["name", "µs"]);
        table.row(["a longer name", "1.00"]);
        assert_eq!(
            table.to_string(),
            "| name          |   µs |\n| ------------- | ---: |\n| a longer name | 1.00 |\n"
        );
    }

    #[test]
    fn a_number_shows_what_counts() {
        let shown = [0.954, 1.5, 9.999, 15.26, 99.96, 1_234.5, 1_234_567.0].map(short);
        assert_eq!(
            shown,
            ["0.95", "1.50", "10.0", "15.3", "100", "1,234", "1,234,567"]
        );
    }
}
