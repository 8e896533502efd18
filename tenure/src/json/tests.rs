use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    Json::of(value).unwrap().as_str().to_owned()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(i8, i8),
    Box { width: u8, height: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    unit: (),
    none: Option<u8>,
    some: Option<Meters>,
    list: Vec<Shape>,
    tuple: (char, bool),
    map: BTreeMap<i64, String>,
    big: u128,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f32);

#[test]
fn floats_are_spelled_as_in_python() {
    for (value, wanted) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-2.75, "-2.75"),
        (100.0, "100.0"),
        (123_456.789, "123456.789"),
        (1e15, "1000000000000000.0"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (1e16, "1e+16"),
        (1.5e16, "1.5e+16"),
        (-1e22, "-1e+22"),
        (1e100, "1e+100"),
        (f64::MAX, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (0.0001, "0.0001"),
        (0.00012, "0.00012"),
        (0.00001, "1e-05"),
        (-1.25e-7, "-1.25e-07"),
        // Halfway between two texts of equal length: the even one.
        (1_087_009_305_065_506.3, "1087009305065506.2"),
        (1_087_009_305_065_506.8, "1087009305065506.8"),
        (-22_678_753.524_414_063, "-22678753.524414062"),
        (f64::NAN, "NaN"),
        (-f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        assert_eq!(text(&value), wanted);
        let back: f64 = Json::of(&value).unwrap().to().unwrap();
        assert!(
            back.to_bits() == value.to_bits() || back.is_nan() && value.is_nan(),
            "{wanted}"
        );
    }
    assert_eq!(text(&0.1_f32), "0.1");
    assert_eq!(text(&1e16_f32), "1e+16");
    assert_eq!(text(&1e-5_f32), "1e-05");
    assert_eq!(text(&f32::NEG_INFINITY), "-Infinity");
}

#[test]
fn what_is_not_finite_never_becomes_null() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Json::of(&[value]).is_err());
        assert!(Json::of(&Shape::Circle(value)).is_err());
        assert!(Json::of(&BTreeMap::from([("x", Some(value))])).is_err());
    }
    assert_eq!(text(&[None::<f64>]), "[null]");
    let stored = Json::parse("NaN").unwrap();
    assert!(stored.to::<Option<f64>>().unwrap().unwrap().is_nan());
    assert!(stored.to::<f32>().unwrap().is_nan());
    assert_eq!(
        Json::parse("-Infinity").unwrap().to::<Meters>().unwrap(),
        Meters(f32::NEG_INFINITY)
    );
    assert!(matches!(
        stored.to::<i64>(),
        Err(ValueError::WrongType {
            expected: "i64",
            ..
        })
    ));
    let error = Json::parse(r#"{"a":"N","b":[1,NaN]}"#)
        .unwrap()
        .to::<Value>()
        .unwrap_err();
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("NaN")
    );
}

#[test]
fn every_kind_of_value_has_the_form_of_serde_json() {
    let value = Everything {
        unit: (),
        none: None,
        some: Some(Meters(2.5)),
        list: vec![
            Shape::Point,
            Shape::Circle(1.0),
            Shape::Line(-1, 1),
            Shape::Box {
                width: 1,
                height: 2,
            },
        ],
        tuple: ('é', true),
        map: BTreeMap::from([(-1, "a\"b".to_owned()), (2, "😀".to_owned())]),
        big: u128::MAX,
    };
    assert_eq!(
        text(&value),
        concat!(
            r#"{"unit":null,"none":null,"some":2.5,"list":["Point",{"Circle":1.0},{"Line":[-1,1]},{"Box":{"width":1,"height":2}}],"#,
            r#""tuple":["\u00e9",true],"map":{"-1":"a\"b","2":"\ud83d\ude00"},"big":340282366920938463463374607431768211455}"#
        )
    );
    assert_eq!(Json::of(&value).unwrap().to::<Everything>().unwrap(), value);
}

#[test]
fn names_become_text_as_in_python() {
    assert_eq!(text(&BTreeMap::from([(true, 1)])), r#"{"true":1}"#);
    assert_eq!(
        text(&BTreeMap::from([(None::<u8>, 1), (Some(5), 2)])),
        r#"{"null":1,"5":2}"#
    );
    assert_eq!(text(&BTreeMap::from([('ÿ', 1)])), r#"{"\u00ff":1}"#);
    assert!(matches!(
        Json::of(&BTreeMap::from([([1, 2], 1)])),
        Err(ValueError::NotSerializable { .. })
    ));
}

#[test]
fn what_is_written_can_be_read_back_however_deep() {
    let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let deepest = Json::of(&nested(MAX_READ_DEPTH)).unwrap();
    assert_eq!(deepest.to::<Value>().unwrap(), nested(MAX_READ_DEPTH));
    assert!(Json::of(&nested(MAX_READ_DEPTH + 1)).is_err());
    // Depth is counted down again.
    assert!(Json::of(&vec![Shape::Line(1, 2); 300]).is_ok());
    assert!(Json::of(&(0..300).map(|_| json!({"a": [1]})).collect::<Vec<_>>()).is_ok());
    let stored = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(matches!(
        Json::parse(&stored).unwrap().to::<Value>(),
        Err(ValueError::WrongType { .. })
    ));
}

#[test]
fn of_a_repeated_name_the_last_value_counts_at_any_depth() {
    for (given, wanted) in [
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        (
            r#"[{"a":1,"b":{"x":0,"y":[{}],"\u0078":[1,"]}"]},"a":"2,"},{"a":1}]"#,
            r#"[{"a":"2,","b":{"x":[1,"]}"],"y":[{}]}},{"a":1}]"#,
        ),
        (
            r#"{"é":1,"\u00E9":2,"\"":3,"\u0022":{"é":4}}"#,
            r#"{"\u00e9":2,"\"":{"\u00e9":4}}"#,
        ),
        (
            r#"{"a":{"a":1},"b":{"a":1}}"#,
            r#"{"a":{"a":1},"b":{"a":1}}"#,
        ),
    ] {
        assert_eq!(Json::parse(given).unwrap().as_str(), wanted);
    }
    let deep = format!("{}{}{}", r#"{"a":0,"a":"#.repeat(1000), 1, "}".repeat(1000));
    assert_eq!(
        Json::parse(&deep).unwrap().as_str(),
        deep.replace(r#""a":0,"#, "")
    );
}

#[test]
fn characters_beyond_ascii_stand_in_strings_only() {
    assert_eq!(
        Json::parse("\"é\\\\é😀\"").unwrap().as_str(),
        r#""\u00e9\\\u00e9\ud83d\ude00""#
    );
    for text in [
        "é",
        "\"\\é\"",
        "[1,é]",
        "\u{a0}1",
        "\u{feff}1",
        "\"\\\\\\é\"",
        "１",
    ] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
}

#[test]
fn text_with_half_a_surrogate_pair_is_no_rust_string() {
    let stored = Json::parse(r#""\ud800""#).unwrap();
    assert!(matches!(
        stored.to::<String>(),
        Err(ValueError::WrongType { .. })
    ));
    assert_eq!(stored.as_str(), r#""\ud800""#);
}

#[test]
fn ready_made_text_of_serde_json_is_kept() {
    struct Ready(&'static str, &'static str);
    impl Serialize for Ready {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct as _;
            let mut open = serializer.serialize_struct(self.0, 1)?;
            open.serialize_field(self.0, self.1)?;
            open.end()
        }
    }
    assert_eq!(
        text(&[Ready(
            "$serde_json::private::Number",
            "12345678901234567890123"
        )]),
        "[12345678901234567890123]"
    );
    assert_eq!(
        text(&[Ready("$serde_json::private::RawValue", "{ \"é\": 1 }")]),
        r#"[{"\u00e9":1}]"#
    );
    assert!(Json::of(&Ready("$serde_json::private::RawValue", "{")).is_err());
}

#[test]
fn debug_shows_no_value() {
    assert_eq!(
        format!("{:?}", Json::of("hunter2").unwrap()),
        "Json(9 bytes)"
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Any finite one: what `float_roundtrip` of serde_json is on for.
        any::<f64>()
            .prop_map(|number| if number.is_finite() { number } else { 0.5 })
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_float_survives(number in any::<f64>()) {
        let written = Json::of(&number).unwrap();
        let back: f64 = written.to().unwrap();
        prop_assert!(back.to_bits() == number.to_bits() || back.is_nan() && number.is_nan());
        prop_assert_eq!(Json::of(&back).unwrap(), written);
    }

    #[test]
    fn any_value_survives(value in any_value()) {
        let written = Json::of(&value).unwrap();
        prop_assert!(written.as_str().bytes().all(|byte| matches!(byte, 0x20..0x7f)));
        // What is written is canonical, and other spellings come to the same text.
        prop_assert_eq!(&Json::parse(written.as_str()).unwrap(), &written);
        prop_assert_eq!(&Json::parse(&serde_json::to_string_pretty(&value).unwrap()).unwrap().to::<Value>().unwrap(), &value);
        prop_assert_eq!(written.to::<Value>().unwrap(), value);
    }

    #[test]
    fn parse_agrees_with_serde_json(text in r#"[\[\]{}:,"\\u0-9eE+\-. tnul\x08é]{0,12}"#) {
        let strict = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let ours = Json::parse(&text).is_ok();
        prop_assert!(ours || !strict, "refused {:?}", text);
    }
}
