//! Every list of every vector is used by a test.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::common::vectors;

/// A list of a file; where its cases are of several kinds, the field that tells them apart, and the kind; the test's source. A test takes
/// all cases of its kind.
const USED: &[(&str, &str, &str, &str)] = &[
    ("auth.json", "hashes", "", "src/auth/login.rs"),
    ("auth.json", "flows", "", "tests/vectors/auth.rs"),
    ("auth.json", "authenticate", "", "tests/vectors/auth.rs"),
    ("cache_keys.json", "cases", "", "tests/vectors/cache.rs"),
    ("cache_ttl.json", "cases", "", "tests/vectors/cache.rs"),
    ("cache_values.json", "values", "", "tests/vectors/cache.rs"),
    ("cache_values.json", "read", "", "tests/vectors/cache.rs"),
    ("cache_values.json", "reject", "", "tests/vectors/cache.rs"),
    ("db_rows.json", "rows", "", "tests/vectors/db_rows.rs"),
    ("db_rows.json", "boundaries", "", "tests/vectors/db_rows.rs"),
    ("db_rows.json", "readable", "", "tests/vectors/db_rows.rs"),
    (
        "db_rows.json",
        "comparisons",
        "",
        "tests/vectors/db_rows.rs",
    ),
    ("expiry.json", "set", "", "tests/vectors/expiry.rs"),
    ("expiry.json", "calculate", "", "src/expiry.rs"),
    ("expiry.json", "override", "", "src/expiry.rs"),
    ("files.json", "load", "", "tests/file/vectors.rs"),
    ("files.json", "special", "", "tests/file/vectors.rs"),
    ("files.json", "keys", "", "tests/file/vectors.rs"),
    (
        "flows.json",
        "cases",
        "engine=cache",
        "tests/flows/cache.rs",
    ),
    (
        "flows.json",
        "cases",
        "engine=cached_db",
        "tests/flows/cached_db.rs",
    ),
    ("flows.json", "cases", "engine=db", "tests/flows/db.rs"),
    ("flows.json", "cases", "engine=file", "tests/flows/file.rs"),
    (
        "flows.json",
        "cases",
        "engine=signed_cookies",
        "tests/flows/signed_cookies.rs",
    ),
    (
        "memcached_placement.json",
        "cases",
        "",
        "src/engine/cache/memcached/placement.rs",
    ),
    ("passwords.json", "cases", "", "src/auth/password/tests.rs"),
    (
        "primitives.json",
        "cases",
        "kind=base62",
        "src/codec/signing/tests.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=base64url",
        "src/codec/signing/tests.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=salted_hmac_sha256",
        "src/codec/signing/tests.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=signer_signature",
        "src/codec/signing/tests.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=http_date",
        "src/moment.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=isoformat",
        "src/moment.rs",
    ),
    (
        "primitives.json",
        "cases",
        "kind=fromisoformat",
        "src/moment.rs",
    ),
    (
        "request_cookies.json",
        "cases",
        "",
        "src/middleware/request_cookie.rs",
    ),
    (
        "reserved_keys.json",
        "cases",
        "",
        "tests/vectors/session_data.rs",
    ),
    (
        "schema.json",
        "cases",
        "name=sqlite",
        "tests/sqlite_faults/site.rs",
    ),
    (
        "schema.json",
        "cases",
        "name=postgresql",
        "tests/postgres/table.rs",
    ),
    ("schema.json", "cases", "name=mysql", "tests/mysql/table.rs"),
    (
        "session_data.json",
        "encode",
        "",
        "tests/vectors/session_data.rs",
    ),
    (
        "session_data.json",
        "decode",
        "",
        "tests/vectors/session_data.rs",
    ),
    (
        "set_cookie.json",
        "cases",
        "",
        "tests/vectors/set_cookie.rs",
    ),
    (
        "signed_cookies.json",
        "encode",
        "",
        "tests/vectors/signed_cookies.rs",
    ),
    (
        "signed_cookies.json",
        "load",
        "",
        "tests/vectors/signed_cookies.rs",
    ),
    ("signing.json", "dumps", "", "tests/vectors/signing.rs"),
    ("signing.json", "loads", "", "tests/vectors/signing.rs"),
];

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_case_of_every_file_is_used() {
    let mut unused = BTreeSet::new();
    let mut count = 0;
    for entry in fs::read_dir(here("../interop/vectors")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "README.md" {
            continue;
        }
        let file = vectors(&name);
        for (list, cases) in file.as_object().unwrap() {
            for case in cases.as_array().into_iter().flatten() {
                count += 1;
                let used = USED.iter().any(|(of, used, kind, _)| {
                    let right_kind = kind
                        .split_once('=')
                        .is_none_or(|(field, kind)| case[field] == kind);
                    *of == name && used == list && right_kind
                });
                if !used {
                    unused.insert(format!("{name} {list} {}", case["name"]));
                }
            }
        }
    }
    assert!(unused.is_empty(), "no test uses {unused:#?}");
    println!("{count} cases of the vectors are used");
}

#[test]
fn the_tests_that_use_them_are_there() {
    for (file, list, kind, source) in USED {
        let text = fs::read_to_string(here(source)).unwrap_or_default();
        let kind = kind.split_once('=').map(|(_, kind)| format!("\"{kind}\""));
        let names = if source.starts_with("tests/flows/") || list == &"cases" && kind.is_some() {
            kind.is_some_and(|kind| text.contains(&kind))
        } else {
            let stem = file.trim_end_matches(".json");
            text.contains(stem) && (list == &"cases" || text.contains(list))
        };
        assert!(names, "{source} does not use {list} of {file}");
    }
}
