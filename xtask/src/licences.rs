//! Every dependency's licence allows what ours do.
//!
//! cargo-deny does this and more, but it is no part of a fresh machine: building it takes longer than the whole test
//! run, and its list of advisories cannot be had offline. Licences are in what Cargo already knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Outcome;
use crate::workspace::{Workspace, text};

/// Allowed everywhere.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Allowed where it does not become part of a user's program: in tests, tools and build scripts.
const ALLOWED_IN_TOOLS: [&str; 1] = ["MPL-2.0"];

/// Our packages that become part of a user's program.
const SHIPPED: [&str; 2] = ["tenure", "tenure-cli"];

/// Checks every package that is not ours.
pub(crate) fn step(workspace: &Workspace, _browser: bool) -> Outcome {
    let shipped = shipped(workspace);
    let mut wrong = Vec::new();
    let mut count = 0;
    for package in workspace
        .packages()
        .filter(|package| package.get("source").is_some_and(Value::is_string))
    {
        let in_tools = !shipped.contains(text(package, "id"));
        let allowed = |licence: &str| {
            ALLOWED.contains(&licence) || (in_tools && ALLOWED_IN_TOOLS.contains(&licence))
        };
        let expression = text(package, "license");
        count += 1;
        if holds(expression, &allowed) != Some(true) {
            wrong.push(format!(
                "{} {} ({expression:?})",
                text(package, "name"),
                text(package, "version")
            ));
        }
    }
    if !wrong.is_empty() {
        return Err(format!(
            "not on the list in xtask/src/licences.rs: {}",
            wrong.join(", ")
        ));
    }
    println!(
        "{count} packages, {} of them in a user's program at most",
        shipped.len() - SHIPPED.len()
    );
    Ok(())
}

/// The ids of our shipped packages and of what they need at run time, on any platform.
fn shipped(workspace: &Workspace) -> BTreeSet<&str> {
    let edges: BTreeMap<&str, &Value> = workspace
        .graph()
        .map(|node| (text(node, "id"), node))
        .collect();
    let ours = |package: &&Value| package.get("source").is_some_and(Value::is_null);
    let mut open: Vec<&str> = workspace
        .packages()
        .filter(ours)
        .filter(|package| SHIPPED.contains(&text(package, "name")))
        .map(|package| text(package, "id"))
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let needs = edges
            .get(id)
            .and_then(|node| node.get("deps")?.as_array())
            .into_iter()
            .flatten();
        let at_run_time = needs.filter(|need| {
            let kinds = need.get("dep_kinds").and_then(Value::as_array);
            kinds
                .into_iter()
                .flatten()
                .any(|kind| kind.get("kind").is_some_and(Value::is_null))
        });
        open.extend(at_run_time.map(|need| text(need, "pkg")));
    }
    seen
}

/// Whether an [SPDX expression](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/) holds; none if it is
/// not one.
///
/// A `/` counts as OR, as crates.io once allowed. `WITH` names an exception, which only ever permits more.
fn holds(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let value = any(&mut words, allowed)?;
    words.next().is_none().then_some(value)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        value |= all(words, allowed)?;
    }
    Some(value)
}

fn all(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        value &= one(words, allowed)?;
    }
    Some(value)
}

fn one(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let value = match words.next()? {
        "(" => {
            let value = any(words, allowed)?;
            words.next_if_eq(&")")?;
            value
        }
        ")" | "AND" | "OR" | "WITH" => return None,
        licence => allowed(licence),
    };
    if words.next_if_eq(&"WITH").is_some() {
        words.next()?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> Option<bool> {
        holds(expression, &|licence| ALLOWED.contains(&licence))
    }

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "MIT OR GPL-3.0-only AND Nonsense",
        ] {
            assert_eq!(check(good), Some(true), "{good}");
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "MPL-2.0",
            "(MIT OR GPL-3.0-only) AND AGPL-3.0-only",
        ] {
            assert_eq!(check(bad), Some(false), "{bad}");
        }
        for nonsense in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "AND MIT"] {
            assert_eq!(check(nonsense), None, "{nonsense}");
        }
    }
}
