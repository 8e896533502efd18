//! What was found: a row for each check, and what to change.

use serde_json::{Value, json};

use crate::output::{Failure, Out, count};

/// The most characters of a cell; `--json` has all of them.
const WIDEST: usize = 40;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// Worth knowing, and nothing to change.
    Note,
    Problem,
}

/// One check: what both sides say.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) django: String,
    pub(super) tenure: String,
    pub(super) verdict: Verdict,
    /// What is the matter, in plain words.
    pub(super) what: String,
    /// What to change, where, and to which value.
    pub(super) change: String,
}

/// All checks in their order.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
}

impl Report {
    fn add(
        &mut self,
        verdict: Verdict,
        name: &str,
        sides: [&str; 2],
        what: String,
        change: String,
    ) {
        let [django, tenure] = sides.map(str::to_owned);
        let name = name.to_owned();
        self.checks.push(Check {
            name,
            django,
            tenure,
            verdict,
            what,
            change,
        });
    }

    pub(super) fn good(&mut self, name: &str, sides: [&str; 2]) {
        self.add(Verdict::Good, name, sides, String::new(), String::new());
    }

    pub(super) fn note(&mut self, name: &str, sides: [&str; 2], what: impl Into<String>) {
        self.add(Verdict::Note, name, sides, what.into(), String::new());
    }

    pub(super) fn problem(
        &mut self,
        name: &str,
        sides: [&str; 2],
        what: impl Into<String>,
        change: impl Into<String>,
    ) {
        self.add(Verdict::Problem, name, sides, what.into(), change.into());
    }

    /// Good if both sides say the same.
    pub(super) fn equal(
        &mut self,
        name: &str,
        sides: [&str; 2],
        what: impl Into<String>,
        change: impl Into<String>,
    ) {
        let [django, tenure] = sides;
        if django == tenure {
            self.good(name, sides);
        } else {
            self.problem(name, sides, what, change);
        }
    }

    pub(super) fn problems(&self) -> usize {
        self.with(Verdict::Problem).count()
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.verdict == verdict)
    }

    /// For people: the table, then what it means. With `beside`, Django has a column.
    pub(super) fn print(&self, beside: bool, out: Out<'_>) -> std::io::Result<()> {
        let head = if beside {
            ["check", "Django", "tenure", "verdict"]
                .map(str::to_owned)
                .to_vec()
        } else {
            ["check", "tenure", "verdict"].map(str::to_owned).to_vec()
        };
        let rows = self.checks.iter().map(|check| {
            let verdict = match check.verdict {
                Verdict::Good
                    if beside && !check.django.is_empty() && check.django == check.tenure =>
                {
                    "same"
                }
                Verdict::Good => "good",
                Verdict::Note => "note",
                Verdict::Problem => "PROBLEM",
            };
            let mut row = vec![check.name.clone(), cell(&check.tenure), verdict.to_owned()];
            if beside {
                row.insert(1, cell(&check.django));
            }
            row
        });
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let columns = if beside { 4 } else { 3 };
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            writeln!(out, "{}", line.join("  ").trim_end())?;
        }
        for check in self.with(Verdict::Note) {
            writeln!(out, "\nnote, {}: {}", check.name, check.what)?;
        }
        for (index, check) in self.with(Verdict::Problem).enumerate() {
            writeln!(out, "\n{}. {}: {}", index + 1, check.name, check.what)?;
            writeln!(out, "   To do: {}", check.change)?;
        }
        match self.problems() {
            0 => writeln!(out, "\nno problem found"),
            some => writeln!(out, "\n{} found", count(some as u64, "problem")),
        }
    }

    /// For programs.
    pub(super) fn to_json(&self, django: Option<&str>) -> Value {
        let checks = self.checks.iter().map(|check| {
            json!({
                "check": check.name,
                "django": django.map(|_| &check.django),
                "tenure": check.tenure,
                "verdict": match check.verdict {
                    Verdict::Good => "good",
                    Verdict::Note => "note",
                    Verdict::Problem => "problem",
                },
                "what": check.what,
                "to_do": check.change,
            })
        });
        json!({
            "django": django,
            "problems": self.problems(),
            "checks": checks.collect::<Vec<_>>(),
        })
    }

    /// Exit code 0 only if all holds.
    pub(super) fn end(&self) -> Result<(), Failure> {
        match self.problems() {
            0 => Ok(()),
            _ => Err(Failure::Said),
        }
    }
}

/// A value as it fits into the table, and does not steer the terminal.
fn cell(text: &str) -> String {
    if text.is_empty() {
        return "–".into();
    }
    let shown = |letter: char| if letter.is_control() { '·' } else { letter };
    let letters: Vec<char> = text.chars().map(shown).collect();
    match letters.get(letters.len().saturating_sub(WIDEST - 1)..) {
        // The ends of paths and dotted names tell most.
        Some(end) if letters.len() > WIDEST => {
            std::iter::once('…').chain(end.iter().copied()).collect()
        }
        _ => letters.into_iter().collect(),
    }
}

#[cfg(test)]
impl Report {
    /// The names of the checks that found something.
    pub(super) fn found(&self) -> Vec<&str> {
        let problems = self.with(Verdict::Problem);
        problems.map(|check| &*check.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(report: &Report, beside: bool) -> String {
        let mut out = Vec::new();
        report.print(beside, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_says_what_both_sides_say_and_then_what_to_do() {
        let mut report = Report::default();
        report.good("engine", ["db", "db"]);
        report.equal("name", ["a", "b"], "they differ", "set it to \"a\"");
        report.note("clock", ["", "x".repeat(60).as_str()], "it is late");
        let text = printed(&report, true);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("check   Django  tenure  "), "{text}");
        assert!(
            lines[1].starts_with("engine  db      db ") && lines[1].ends_with(" same"),
            "{text}"
        );
        assert!(lines[2].ends_with(" PROBLEM"), "{text}");
        assert!(lines[3].contains("  –       …xxx"), "{text}");
        assert!(text.ends_with("\nnote, clock: it is late\n\n1. name: they differ\n   To do: set it to \"a\"\n\n1 problem found\n"), "{text}");
        assert!(report.end().is_err());
        assert!(!printed(&report, false).contains("Django"));
    }

    #[test]
    fn without_a_problem_it_ends_well() {
        let mut report = Report::default();
        report.equal("name", ["a", "a"], "", "");
        assert!(printed(&report, true).ends_with("\nno problem found\n"));
        assert!(report.end().is_ok());
        assert_eq!(report.to_json(None)["checks"][0]["django"], Value::Null);
        assert_eq!(report.to_json(Some("5.2"))["checks"][0]["django"], "a");
    }
}
