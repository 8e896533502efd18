//! What counts as canonical, held against the scanner.

use proptest::prelude::*;

use super::*;
use crate::json::Scanner;

/// What [`members`] gives, as texts.
fn found(text: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut found = Vec::new();
    members(text, |key, value| found.push((&text[key], &text[value])))?;
    Some(found)
}

#[test]
fn what_is_spelled_as_django_writes_it_is_indexed() {
    for (text, members) in [
        ("{}", &[][..]),
        (r#"{"a":1}"#, &[("a", "1")]),
        (r#"{"":""}"#, &[("", "\"\"")]),
        (
            r#"{"longer than a word":[1,-2.5e+10,{"a":{}}],"b":[]}"#,
            &[
                ("longer than a word", "[1,-2.5e+10,{\"a\":{}}]"),
                ("b", "[]"),
            ],
        ),
        (
            r#"{"n":[NaN,Infinity,-Infinity,true,false,null,0,-0.0]}"#,
            &[("n", "[NaN,Infinity,-Infinity,true,false,null,0,-0.0]")],
        ),
        (
            r#"{"\u00e9\"\\":"\n\ud83d\ude00, plain again"}"#,
            &[(r#"\u00e9\"\\"#, r#""\n\ud83d\ude00, plain again""#)],
        ),
        (
            r#"{"a":{"x":1},"b":{"x":1}}"#,
            &[("a", r#"{"x":1}"#), ("b", r#"{"x":1}"#)],
        ),
    ] {
        let found = found(text.as_bytes()).unwrap();
        let expected: Vec<_> = members
            .iter()
            .map(|(key, value)| (key.as_bytes(), value.as_bytes()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn whatever_else_there_is_is_left_alone() {
    for text in [
        "",
        "[]",
        "{",
        "}",
        "null",
        "{} ",
        " {}",
        "{\"a\": 1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":.5}",
        "{\"a\":nul}",
        "{\"a\":[1,]}",
        "{\"a\":[1}}",
        "{\"a\":{\"b\":1]}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":\"\\u00E9\"}",
        "{\"a\":\"\\/\"}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\u{7f}\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"é\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":1}}",
        "{\"a\":+Infinity}",
        "{\"a\":-NaN}",
        // A name that stands twice, also where the second one is near the end.
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":[1,2,3,4,5,6,7,8,9]}",
        "{\"b\":[{\"x\":1,\"x\":2}],\"c\":12345678}",
        "{\"\\u00e9\":1,\"\\u00e9\":2}",
    ] {
        assert_eq!(found(text.as_bytes()), None, "{text}");
    }
    let repeated = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|number| format!("\"name {}\":1", number % (count - 1)))
            .collect();
        format!("{{{}}}", names.join(","))
    };
    for count in [FEW - 1, FEW, FEW + 1, FEW + 2, 1000] {
        assert_eq!(found(repeated(count).as_bytes()), None, "{count}");
    }
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(found(nested(MAX_DEPTH - 1).as_bytes()).is_some());
    assert!(found(nested(MAX_DEPTH).as_bytes()).is_none());
    assert!(found(nested(1_000_000).as_bytes()).is_none());
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Texts that are JSON or nearly so.
fn nearly_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        4 => "[a-c]{0,3}".prop_map(|text| format!("\"{text}\"")),
        2 => "\\PC{0,12}".prop_map(|text| format!("\"{text}\"")),
        2 => r#"(\\u00e9|\\"|\\\\|\\n|\\/|\\u0041|\\ud800|[ -!#-\[\]-~]){0,12}"#.prop_map(|text| format!("\"{text}\"")),
        4 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e[+-]?[0-9])?",
        2 => "(true|false|null|NaN|Infinity|-Infinity|-0)",
        1 => "[ -~]{0,2}",
    ];
    let value = scalar.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            6 => "[a-e]{1,2}",
            2 => "[a-c]{7,10}",
            1 => r"(\\u00e9|\\n|x){1,3}",
        ];
        let members = prop::collection::vec((name, inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            members.prop_map(|members| object(&members)),
        ]
    });
    let members = prop::collection::vec(("[a-h]{1,3}", value), 0..8);
    members.prop_map(|members| object(&members))
}

/// The canonical spelling, where the scanner takes the text and finds no name twice.
fn canonical(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner::new(text);
    scanner.value(0).ok()?;
    let repeated = scanner.repeated();
    let text = scanner.finish().ok()?;
    (!repeated).then(|| text.into_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn exactly_what_the_scanner_finds_canonical_is_taken(
        text in nearly_json(),
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = text.into_bytes();
        if let Some((place, byte)) = change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let is_canonical = canonical(&bytes).is_some_and(|text| text.as_bytes() == bytes && text.starts_with('{'));
        let taken = found(&bytes);
        prop_assert_eq!(taken.is_some(), is_canonical);
        for (key, value) in taken.into_iter().flatten() {
            let value = std::str::from_utf8(value).unwrap();
            let canonical_value = canonical(value.as_bytes());
            prop_assert_eq!(canonical_value.as_deref(), Some(value));
            let alone = [b"{\"", key, b"\":1}"].concat();
            prop_assert!(canonical(&alone).is_some());
        }
    }
}
