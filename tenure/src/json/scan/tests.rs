use super::*;

fn canonical(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner::new(text);
    scanner.value(0).ok()?;
    scanner.finish().ok().map(Cow::into_owned)
}

#[test]
fn accepts_what_python_accepts() {
    for text in [
        "{}",
        "[]",
        "0",
        "-1",
        "0.5",
        "-0.0",
        "1e5",
        "1E+5",
        "1.5e-7",
        "NaN",
        "Infinity",
        "-Infinity",
        "null",
        "\"\"",
        r#""\ud800""#,
        r#"{"a":[1,{"b":null},"c"],"":{}}"#,
        "123456789012345678901234567890",
        "-0e1",
        "-0.5",
    ] {
        assert_eq!(canonical(text.as_bytes()).as_deref(), Some(text));
    }
}

#[test]
fn refuses_what_python_refuses() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "1e+",
        "1.e5",
        "nul",
        "True",
        "-NaN",
        "infinity",
        "-Infinit",
        "--1",
        "{}x",
        "[]]",
        "[1 2]",
        "\"",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\n\"",
        "\"\0\"",
        "\u{feff}{}",
        "[1}",
        "{\"a\":1]",
        "/**/1",
        "1,2",
        "\u{c}1",
        "\u{a0}1",
        "0x1",
        "1_000",
    ] {
        assert_eq!(canonical(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn brings_into_the_spelling_of_django() {
    for (given, wanted) in [
        (
            &b" { \"a\" : [ 1 , 2 ] ,\r\n\t\"b\":{ } } "[..],
            r#"{"a":[1,2],"b":{}}"#,
        ),
        (
            b"\"Zo\xeb \x7f \xc3\xab\"",
            r#""Zo\u00eb \u007f \u00c3\u00ab""#,
        ),
        (
            br#""\/\u0041\u000A\u00EB\u0022\u005c\u001F""#,
            r#""/A\n\u00eb\"\\\u001f""#,
        ),
        (br#"{"\u0061":"\uD83D\uDE00"}"#, r#"{"a":"\ud83d\ude00"}"#),
        (b"[-0,-0.0,-0]", "[0,-0.0,0]"),
    ] {
        assert_eq!(canonical(given).as_deref(), Some(wanted));
    }
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(canonical(nested(MAX_DEPTH).as_bytes()).is_some());
    assert_eq!(canonical(nested(MAX_DEPTH + 1).as_bytes()), None);
    assert_eq!(canonical("[".repeat(1_000_000).as_bytes()), None);
    assert_eq!(canonical("{\"a\":".repeat(1_000_000).as_bytes()), None);
}

#[test]
fn canonical_text_is_not_copied() {
    let mut scanner = Scanner::new(br#"{"a":[1,"\u00eb\n"]}"#);
    scanner.value(0).unwrap();
    assert!(matches!(scanner.finish().unwrap(), Cow::Borrowed(_)));
}
