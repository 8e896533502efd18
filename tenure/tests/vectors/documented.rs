//! COMPATIBILITY.md names every deliberate difference.

use std::fmt::Write as _;

use crate::{common::vectors, deliberate::ALL};

#[test]
fn deliberate_differences_are_documented() {
    let mut tables = String::new();
    let mut files: Vec<&str> = ALL.iter().map(|difference| difference.file).collect();
    files.dedup();
    for file in files {
        write!(
            tables,
            "`{file}`:\n\n| case | Django | tenure |\n|---|---|---|\n"
        )
        .unwrap();
        for difference in ALL.iter().filter(|difference| difference.file == file) {
            let cases = difference.cases.iter().map(|case| format!("`{case}`"));
            let cases: Vec<String> = cases.collect();
            let (django, tenure) = (difference.django, difference.tenure);
            writeln!(tables, "| {} | {django} | {tenure} |", cases.join(", ")).unwrap();
        }
        tables.push('\n');
    }
    let page = include_str!("../../../COMPATIBILITY.md");
    assert!(
        page.contains(tables.trim_end()),
        "COMPATIBILITY.md does not say:\n{tables}"
    );
}

#[test]
fn deliberate_differences_are_cases_of_the_vectors() {
    for difference in ALL {
        let text = vectors(difference.file).to_string();
        for case in difference.cases {
            let name = format!("\"name\":{}", serde_json::Value::from(*case));
            assert!(text.contains(&name), "{}: {case}", difference.file);
        }
    }
}
