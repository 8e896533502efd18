//! What was counted, against what the file keeps.

use std::{collections::BTreeSet, io::Write};

use counts::Error;

use crate::file::{Count, Counts, tenths};

/// Percent by which a count may differ from the file.
const TOLERANCE: i64 = 3;

/// The command that makes the file anew.
const WRITE: &str = "cargo xtask counts --write";

/// Work of others, which tenure's is held against.
const OTHERS: [&str; 4] = ["bare ", "no layer", "empty layer", "tower-sessions"];

/// Prints every difference that matters.
///
/// Fails when a count of tenure's grew, or when a case is missing on either side. With other tools than the file's, the code may not be what has made
/// a count grow. That still fails, since nobody can tell, and the message names both. Counts that agree, agree whatever they were made with.
pub(crate) fn check(kept: &Counts, counted: &Counts, out: &mut impl Write) -> Result<(), Error> {
    let names: BTreeSet<&String> = kept.rows.keys().chain(counted.rows.keys()).collect();
    let (mut grown, mut shrunk, mut missing) = (0, 0, 0);
    for name in names {
        let (Some(old), Some(new)) = (kept.rows.get(name), counted.rows.get(name)) else {
            let place = if kept.rows.contains_key(name) {
                "code"
            } else {
                "file"
            };
            writeln!(out, "MISSING in the {place}: {name}")?;
            missing += 1;
            continue;
        };
        for (what, old, new, show) in columns(*old, *new) {
            let change = change(old, new);
            if change == Change::Within {
                continue;
            }
            let word = match change {
                _ if is_of_others(name) => "differs",
                Change::Grown => "GREW",
                _ => "shrank",
            };
            grown += usize::from(word == "GREW");
            shrunk += usize::from(word != "GREW");
            let (from, to) = (show(old), show(new));
            writeln!(
                out,
                "{word}: {name}: {what} from {from} to {to} ({})",
                percent(old, new)
            )?;
        }
    }
    let same = kept.tools == counted.tools;
    if !same {
        writeln!(out, "The file was counted with {}.", kept.tools.join(", "))?;
        writeln!(out, "This was counted with {}.", counted.tools.join(", "))?;
    }
    if grown + missing == 0 {
        let cases = counted.rows.len();
        writeln!(
            out,
            "{cases} cases: no count grew by more than {TOLERANCE} %."
        )?;
        if shrunk > 0 {
            writeln!(
                out,
                "{shrunk} differ by more: bring the file up to date with `{WRITE}`."
            )?;
        }
        return Ok(());
    }
    let advice = if same {
        format!("mend it, or write the file anew with `{WRITE}` and say in the commit why")
    } else {
        format!(
            "the tools are not the file's, so that they may be why: count with the file's, or write the file anew with `{WRITE}` from \
             code that is known to be good"
        )
    };
    Err(format!(
        "{grown} counts grew by more than {TOLERANCE} %, {missing} cases are missing: {advice}"
    )
    .into())
}

fn is_of_others(name: &str) -> bool {
    let who = name.rsplit_once(": ").map_or("", |(_, who)| who);
    OTHERS.iter().any(|other| who.starts_with(other))
}

type Column = (&'static str, i64, i64, fn(i64) -> String);

fn columns(old: Count, new: Count) -> [Column; 3] {
    let whole: fn(i64) -> String = |count| count.to_string();
    [
        ("instructions", old.instructions, new.instructions, whole),
        ("allocations", old.allocations, new.allocations, tenths),
        ("bytes allocated", old.bytes, new.bytes, whole),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Within,
    Grown,
    Shrunk,
}

fn change(old: i64, new: i64) -> Change {
    if new * 100 > old * (100 + TOLERANCE) {
        Change::Grown
    } else if new * 100 < old * (100 - TOLERANCE) {
        Change::Shrunk
    } else {
        Change::Within
    }
}

fn percent(old: i64, new: i64) -> String {
    match ((new - old) * 1000).checked_div(old) {
        Some(thousandths) => {
            let sign = if thousandths < 0 { '-' } else { '+' };
            format!("{sign}{} %", tenths(thousandths.abs()))
        }
        None => "from nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(tool: &str, rows: &[(&str, i64)]) -> Counts {
        let mut counts = Counts::new(vec![tool.to_owned()]);
        for (name, instructions) in rows {
            let count = Count {
                instructions: *instructions,
                allocations: 20,
                bytes: 100,
            };
            counts.rows.insert((*name).to_owned(), count);
        }
        counts
    }

    /// What is printed, and how it ends.
    fn outcome(kept: &Counts, counted: &Counts) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let ended = check(kept, counted, &mut out).map_err(|error| error.to_string());
        (String::from_utf8(out).unwrap(), ended)
    }

    #[test]
    fn a_count_that_grew_by_more_than_3_percent_fails_and_is_named() {
        let kept = counts("rustc 1", &[("read", 1000), ("write", 2000)]);
        assert!(
            outcome(
                &kept,
                &counts("rustc 1", &[("read", 1030), ("write", 2000)])
            )
            .1
            .is_ok()
        );
        let (printed, ended) = outcome(
            &kept,
            &counts("rustc 1", &[("read", 1031), ("write", 2000)]),
        );
        assert!(
            printed.contains("GREW: read: instructions from 1000 to 1031 (+3.1 %)"),
            "{printed}"
        );
        assert!(ended.unwrap_err().contains(WRITE));
    }

    #[test]
    fn one_allocation_more_fails() {
        let kept = counts("rustc 1", &[("read", 1000)]);
        let mut counted = counts("rustc 1", &[("read", 1000)]);
        counted.rows.get_mut("read").unwrap().allocations = 30;
        let (printed, ended) = outcome(&kept, &counted);
        assert!(
            printed.contains("allocations from 2 to 3 (+50 %)"),
            "{printed}"
        );
        assert!(ended.is_err());
    }

    #[test]
    fn a_count_that_shrank_is_noted_so_that_the_file_is_lowered() {
        let kept = counts("rustc 1", &[("read", 1000)]);
        let (printed, ended) = outcome(&kept, &counts("rustc 1", &[("read", 900)]));
        assert!(
            printed.contains("shrank: read: instructions from 1000 to 900 (-10 %)"),
            "{printed}"
        );
        assert!(printed.contains(WRITE));
        assert!(ended.is_ok());
    }

    #[test]
    fn a_peer_that_grew_is_noted_and_fails_nothing() {
        let peer = "request, axum, new: tower-sessions 0.15.0";
        let kept = counts("rustc 1", &[(peer, 1000)]);
        let (printed, ended) = outcome(&kept, &counts("rustc 1", &[(peer, 1100)]));
        assert!(printed.contains("differs: request"), "{printed}");
        assert!(ended.is_ok());
    }

    #[test]
    fn a_case_that_is_missing_on_either_side_fails() {
        let (one, two) = (
            counts("rustc 1", &[("a", 1)]),
            counts("rustc 1", &[("a", 1), ("b", 1)]),
        );
        let (printed, ended) = outcome(&one, &two);
        assert!(printed.contains("MISSING in the file: b") && ended.is_err());
        let (printed, ended) = outcome(&two, &one);
        assert!(printed.contains("MISSING in the code: b") && ended.is_err());
    }

    #[test]
    fn with_other_tools_equal_counts_pass_and_grown_ones_fail_naming_both() {
        let kept = counts("rustc 1", &[("read", 1000)]);
        assert!(
            outcome(&kept, &counts("rustc 2", &[("read", 1000)]))
                .1
                .is_ok()
        );
        let (printed, ended) = outcome(&kept, &counts("rustc 2", &[("read", 1100)]));
        assert!(
            printed.contains("counted with rustc 1.") && printed.contains("counted with rustc 2.")
        );
        assert!(ended.unwrap_err().contains("may be why"));
    }
}
