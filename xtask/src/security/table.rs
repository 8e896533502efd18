//! The tables of SECURITY.md that name tests.

use crate::Outcome;

/// The heading of the column that names tests.
const COLUMN: &str = "tests";
/// In a cell: the tests of the row that has this in its first cell.
const EVERY_ENGINE: &str = "every engine";

/// One promise.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) about: String,
    pub(crate) tests: Vec<String>,
}

/// The rows of every table whose last column is `tests`.
pub(crate) fn rows(text: &str) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        match cells.as_slice() {
            [.., last] if *last == COLUMN => inside = true,
            [id, about, .., tests] if inside && !id.starts_with("---") => rows.push(Row {
                id: (*id).to_owned(),
                about: (*about).to_owned(),
                tests: names(tests, &rows)?,
            }),
            _ => {}
        }
    }
    if rows.is_empty() {
        return Err(format!("SECURITY.md has no table with a column `{COLUMN}`"));
    }
    Ok(rows)
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// What stands between backquotes.
fn names(cell: &str, before: &[Row]) -> Outcome<Vec<String>> {
    let quoted = cell.split('`').skip(1).step_by(2);
    let mut names: Vec<String> = quoted.map(str::to_owned).collect();
    if cell.contains(EVERY_ENGINE) {
        let engines = before.iter().find(|row| row.id == EVERY_ENGINE);
        let engines = engines.ok_or(format!("no row before `{cell}` is `{EVERY_ENGINE}`"))?;
        names.extend_from_slice(&engines.tests);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_tables_that_name_tests() {
        let rows = rows(
            "| a | how |\n|---|---|\n| no | `row` |\n\n\
            | | what | tests |\n|---|---|---|\n\
            | every engine | keeps the contract | `memory`, `file` |\n\n\
            | Id | what | tests |\n|---|---|---|\n\
            | R1 | keys | `one`, and `two::three` |\n\
            | R3 | keys | every engine, `four` |\n\
            | R4 | nothing | |\n",
        )
        .unwrap();
        let seen: Vec<(&str, Vec<&str>)> = rows
            .iter()
            .map(|row| {
                (
                    row.id.as_str(),
                    row.tests.iter().map(String::as_str).collect(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("every engine", vec!["memory", "file"]),
                ("R1", vec!["one", "two::three"]),
                ("R3", vec!["four", "memory", "file"]),
                ("R4", vec![]),
            ]
        );
    }

    #[test]
    fn a_page_without_such_a_table_is_refused() {
        assert!(rows("| R1 | `one` |\n").is_err());
    }
}
