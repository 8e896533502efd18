//! Imports in `src` point downwards only, as DESIGN.md draws it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules, the lowest layer first.
const LAYERS: [&[&str]; 6] = [
    &[
        "cookie", "deadline", "error", "expiry", "json", "key", "moment", "secret", "settings",
        "system", "url_key",
    ],
    &["changes", "data", "limits", "record"],
    &["codec", "events", "store"],
    &["engine", "session"],
    &[
        "auth",
        "conformance",
        "csrf",
        "middleware",
        "template",
        "testing",
    ],
    &["web"],
];

/// Neither of these two sees the other, though they are on one layer.
const STRANGERS: [&str; 2] = ["engine", "session"];

#[test]
fn imports_point_downwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = without_tests(&fs::read_to_string(source.join("lib.rs")).unwrap());
    let reexports = reexports(&root);
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let path = module_path(file.strip_prefix(&source).unwrap());
        let from = &path[0];
        if from == "lib" || path.iter().any(|name| name == "tests") {
            continue;
        }
        let code = without_tests(&fs::read_to_string(&file).unwrap());
        for (line, name) in imports(&code, path.len()) {
            let to = reexports.get(&name).unwrap_or(&name);
            if let Err(why) = may_import(from, to) {
                wrong.push(format!("{}:{line}: {why}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn may_import(from: &str, to: &str) -> Result<(), String> {
    let layer = |name: &str| {
        let found = LAYERS.iter().position(|names| names.contains(&name));
        found.map(|index| index + 1).ok_or(format!(
            "`{name}` has no layer: give the module its place in {}, or import the item from its module",
            file!()
        ))
    };
    let (from_layer, to_layer) = (layer(from)?, layer(to)?);
    let strangers = from != to && STRANGERS.contains(&from) && STRANGERS.contains(&to);
    if from_layer < to_layer || strangers {
        return Err(format!(
            "`{from}` (layer {from_layer}) must not import `{to}` (layer {to_layer})"
        ));
    }
    Ok(())
}

/// Every file below `folder`.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The module that a file is: `engine/db/mod.rs` is `engine`, `db`.
fn module_path(file: &Path) -> Vec<String> {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// The code without comments and without what only tests compile; lines keep their numbers.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            // Unit tests end a file, unless they have a file of their own.
            let item = lines.next().unwrap_or_default();
            if item.starts_with("mod ") && !item.ends_with(';') {
                break;
            }
            code.push('\n');
        } else {
            code.push_str(line.split("//").next().unwrap_or_default());
        }
        code.push('\n');
    }
    code
}

/// The line and the top-level name of each path that begins at the crate's root: `crate::key`,
/// each name in `crate::{key::Key, json}`, and `super::key` in a module that is `depth` deep.
///
/// Strings count as code: in `#[serde(with = "crate::json")]` they are imports too.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (start, _) in code.match_indices(&root) {
            let (before, after) = code.split_at(start);
            let path = after.strip_prefix(&root).unwrap_or_default();
            let longer = before.ends_with("super::") || path.starts_with("super::");
            if longer || before.ends_with(is_name) {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            found.extend(heads(path).into_iter().map(|name| (line, name)));
        }
    }
    found
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first name of a path, or of each path in a `{…}` group. A glob gives `*`, which has no layer.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![head(path)];
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(head(group.get(start..index).unwrap_or_default()));
                start = index + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn head(path: &str) -> String {
    let path = path.trim_start();
    if path.starts_with('*') {
        return "*".to_owned();
    }
    path.chars().take_while(|c| is_name(*c)).collect()
}

/// The module of each name that `lib.rs` re-exports, so that `use crate::Key` counts as `crate::key`.
fn reexports(root: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in root.split(';') {
        let path = statement.split_once("pub use ").map(|(_, path)| path);
        let path = path.map(|path| path.trim_start_matches("crate::"));
        if let Some((module, items)) = path.and_then(|path| path.split_once("::")) {
            let items = items.split(|c| !is_name(c)).filter(|item| !item.is_empty());
            names.extend(items.map(|item| (item.to_owned(), module.to_owned())));
        }
    }
    names
}

#[test]
fn every_way_to_name_a_module_is_found() {
    let code = "use crate::key::Key;
        use crate::{
            json,
            record::{Record, Version},
        };
        fn f() -> crate::error::E { $crate::secret::g() }
use super::settings::Settings;
        use super::super::store;
        use other_crate::web;";
    let names = |depth| -> Vec<String> {
        imports(code, depth)
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    };
    assert_eq!(
        names(1),
        ["key", "json", "record", "error", "secret", "settings"]
    );
    assert_eq!(
        names(2),
        ["key", "json", "record", "error", "secret", "store"]
    );
    assert_eq!(imports(code, 1)[5].0, 7);
    assert_eq!(heads("*;"), ["*"]);
}

#[test]
fn only_downward_imports_are_allowed() {
    assert_eq!(may_import("web", "session"), Ok(()));
    assert_eq!(may_import("settings", "secret"), Ok(()));
    assert_eq!(may_import("engine", "engine"), Ok(()));
    assert!(may_import("engine", "session").is_err());
    assert!(may_import("web", "unheard_of").is_err());
    let why = may_import("record", "store").unwrap_err();
    assert_eq!(why, "`record` (layer 2) must not import `store` (layer 3)");
}

#[test]
fn tests_and_comments_may_name_anything() {
    let text = "//! [`crate::web`]
use crate::key;
#[cfg(test)]
mod tests;
mod a; // crate::web
use crate::json;
#[cfg(test)]
mod more_tests {
    use crate::web;
}
";
    let expected = [(2, "key".to_owned()), (6, "json".to_owned())];
    assert_eq!(imports(&without_tests(text), 1), expected);
}

#[test]
fn a_reexported_name_counts_as_its_module() {
    let names = reexports(
        "mod key;
        pub use crate::record::Record;
        #[cfg(feature = \"x\")]
        pub use key::{Key, sub::Other as Name};",
    );
    assert_eq!(names["Record"], "record");
    assert_eq!(names["Key"], "key");
    assert_eq!(names["Name"], "key");
}
