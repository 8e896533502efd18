use std::error::Error as _;

use proptest::prelude::*;

use super::*;
use crate::{Data, error::CodecError};

fn data(json: &str) -> Data {
    Data::from_json(json.as_bytes()).unwrap()
}

fn json(pickle: &[u8]) -> String {
    let (data, rest) = decode(pickle, 1 << 20).unwrap();
    assert_eq!(rest, b"");
    data.to_json()
}

fn why(pickle: &[u8]) -> String {
    let error = decode(pickle, 1 << 20).unwrap_err();
    assert!(matches!(error, CodecError::Malformed { .. }), "{error}");
    error
        .source()
        .map_or(error.to_string(), ToString::to_string)
}

/// A dict with one key whose value is built by these instructions.
fn holding(value: &[u8]) -> Vec<u8> {
    [b"\x80\x04}\x8c\x01k", value, b"s."].concat()
}

#[test]
fn what_follows_the_pickle_is_given_back() {
    let (data, rest) = decode(b"\x80\x05}\x94.tail", 100).unwrap();
    assert!(data.is_empty());
    assert_eq!(rest, b"tail");
}

#[test]
fn a_number_is_read_wherever_picklers_put_it() {
    // CPython writes a text of 64 KiB outside of any frame, so that its number stands in the next.
    let large = "x".repeat(70_000);
    let length = 70_000_u32.to_le_bytes();
    let frame = [&b"\x95"[..], &7_u64.to_le_bytes()].concat();
    let pickle = [
        &b"\x80\x04}\x94(\x8c\x01a\x94X"[..],
        &length,
        large.as_bytes(),
        &frame,
        b"\x94\x8c\x01bh\x02u.",
    ]
    .concat();
    let (data, _) = plain::read(&pickle, 1 << 20).expect("one pass reads it");
    assert_eq!(
        data.to_json(),
        format!(r#"{{"a":"{large}","b":"{large}"}}"#)
    );

    // After a list is filled, which no pickler does: "b" is 0, the list 1, and so "b" comes again as a value.
    let late = b"\x80\x04}(\x8c\x01b\x94]K\x01a\x94\x8c\x01ch\x00u.";
    let (data, _) = plain::read(late, 100).expect("one pass reads it");
    assert_eq!(data.to_json(), r#"{"b":[1],"c":"b"}"#);
    assert_eq!(json(late), r#"{"b":[1],"c":"b"}"#);

    // There is nothing to number above a mark.
    assert!(plain::read(b"\x80\x04}(\x94u.", 100).is_none());
}

#[test]
fn code_is_named_and_not_run() {
    assert_eq!(
        why(&holding(b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R")),
        "os.system is not plain data, and no code in a session is run"
    );
    assert_eq!(
        why(&holding(b"N0")),
        "the instruction POP is not for plain data, and is not run"
    );
    assert_eq!(
        why(&holding(b"c\x1b[31m\nred\n")),
        "a class without a proper name is not plain data, and no code in a session is run"
    );
    assert_eq!(why(&holding(b"\xfe")), "no instruction has the number 0xfe");
    assert_eq!(why(b"\x80\x06}."), "protocol 6 is not known");
}

#[test]
fn the_known_classes_take_no_other_arguments() {
    let safe = b"\x8c\x17django.utils.safestring\x8c\x0aSafeString\x93";
    assert_eq!(
        json(&holding(&[&safe[..], b"\x8c\x03<b>\x85\x81"].concat())),
        r#"{"k":"<b>"}"#
    );
    for arguments in [
        &b")\x81"[..],
        b"K\x01\x85\x81",
        b"\x8c\x01x\x85R",
        b"]\x81",
        b"",
    ] {
        why(&holding(&[&safe[..], arguments].concat()));
    }
    let ordered = b"\x8c\x0bcollections\x8c\x0bOrderedDict\x93";
    assert_eq!(
        json(&holding(&[&ordered[..], b")R"].concat())),
        r#"{"k":{}}"#
    );
    for arguments in [&b"]\x85R"[..], b")\x81", b""] {
        why(&holding(&[&ordered[..], arguments].concat()));
    }
}

const DATE: &[u8] = b"\x8c\x08datetime\x8c\x04date\x93C\x04\x07\xea\x01\x02\x85R";
const CALL: &[u8] = b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R";

/// The type that JSON has not, and the key under which it stands.
fn foreign(pickle: &[u8]) -> (&'static str, Option<String>) {
    match decode(pickle, 1 << 20) {
        Err(CodecError::PythonValue { class, key }) => (class, key),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_that_json_has_not_are_named_with_the_key_that_holds_them() {
    let under_k = |class| (class, Some("k".to_owned()));
    for (value, class) in [
        (DATE, "datetime.date"),
        (b"C\x01x", "bytes"),
        (b"B\x01\0\0\0x", "bytes"),
        (b"\x8e\x01\0\0\0\0\0\0\0x", "bytes"),
        (b"\x96\x01\0\0\0\0\0\0\0x", "bytearray"),
        (b"\x8f(K\x01\x90", "set"),
        (b"(K\x01\x91", "frozenset"),
        (
            b"\x8c\x04uuid\x8c\x04UUID\x93)\x81}\x8c\x03intK\x07sb",
            "uuid.UUID",
        ),
    ] {
        assert_eq!(foreign(&holding(value)), under_k(class));
        assert_eq!(
            foreign(&holding(&[b"]", value, b"a"].concat())),
            under_k(class)
        );
        // As a key of a dict within.
        assert_eq!(
            foreign(&holding(&[b"}", value, b"Ns"].concat())),
            under_k(class)
        );
    }
    let error = decode(&holding(DATE), 1000).unwrap_err().to_string();
    assert_eq!(
        error,
        "the pickle holds a Python datetime.date under the key \"k\", which JSON has not: store it as text"
    );
    let with_key = |key: &[u8]| [b"}", key, DATE, b"s."].concat();
    assert_eq!(foreign(&with_key(b"K\x07")).1.as_deref(), Some("7"));
    assert_eq!(
        foreign(&with_key(b"V\\ud83d\\ude00\n")).1.as_deref(),
        Some("\u{1f600}")
    );
    let long = [b"\x8c\xc8", &[b'k'; 200][..]].concat();
    assert_eq!(foreign(&with_key(&long)).1, None);
    let as_key = [b"}\x8c\x01kNs", DATE, b"Ns."].concat();
    assert_eq!(foreign(&as_key), ("datetime.date", None));
}

#[test]
fn beside_code_or_damage_they_are_damage() {
    for pickle in [
        holding(&[b"](", DATE, CALL, b"e"].concat()),
        holding(&[b"](", CALL, DATE, b"e"].concat()),
        // Code among what it is made of, or in place of it.
        holding(&[&b"\x8c\x08datetime\x8c\x04date\x93"[..], CALL, b"\x85R"].concat()),
        holding(b"\x8c\x08datetime\x8c\x04date\x93"),
        holding(b"\x8c\x08datetime\x8c\x03now\x93)R"),
        holding(b"\x8c\x18django.utils.translation\x8c\x07gettext\x93\x8c\x01x\x85R"),
        holding(b"\x8c\x08builtins\x8c\x07getattr\x93N\x85R"),
        holding(b"}}b"),
        holding(b"]K\x01\x90"),
        holding(b"](K\x01\x90"),
        // It is no session.
        [DATE, b"."].concat(),
    ] {
        why(&pickle);
    }
    let whole = holding(DATE);
    for length in 0..whole.len() {
        why(&whole[..length]);
    }
}

#[test]
fn keys_are_those_that_json_makes_of_them() {
    let keys = b"}(K\x01K\x02NK\x03\x88K\x04G\x3f\xf8\0\0\0\0\0\0K\x05\x8c\x011K\x06u";
    assert_eq!(
        json(&holding(keys)),
        r#"{"k":{"1":6,"null":3,"true":4,"1.5":5}}"#
    );
    for key in [&b")"[..], b"]", b"}"] {
        why(&holding(&[b"}", key, b"Ns"].concat()));
    }
}

#[test]
fn half_a_surrogate_pair_comes_back() {
    for text in [r#"{"a":"\ud800"}"#, r#"{"\udfff\ud800x":"\ud83d\ude00"}"#] {
        let bytes = encode(&data(text), Protocol::Five);
        assert_eq!(json(&bytes), text);
    }
    why(&holding(b"\x8c\x02\xed\xa0"));
    why(&holding(b"\x8c\x01\xff"));
}

#[test]
fn a_value_that_holds_itself_is_refused() {
    assert_eq!(
        why(b"}q\0X\x01\0\0\0ah\0s."),
        "values nest more than 1000 deep"
    );
    assert_eq!(
        why(&holding(b"]q\0h\0a")),
        "values nest more than 1000 deep"
    );
    // Twice in itself: each level doubles.
    assert!(matches!(
        decode(&holding(b"]q\0(h\0h\0e"), 1 << 20),
        Err(CodecError::TooLarge { .. } | CodecError::Malformed { .. })
    ));
}

#[test]
fn shared_values_do_not_outgrow_the_limit() {
    // Each list holds the one before ten times: 10 to the power of 30.
    let mut laughs = b"(]q\0".to_vec();
    for level in 0..30 {
        laughs.extend_from_slice(b"](");
        for _ in 0..10 {
            laughs.extend_from_slice(&[b'h', level]);
        }
        laughs.extend_from_slice(&[b'e', b'q', level + 1]);
    }
    laughs.push(b'l');
    let laughs = holding(&laughs);
    assert!(matches!(
        decode(&laughs, 1 << 16),
        Err(CodecError::TooLarge { limit: 65536 })
    ));
}

#[test]
fn declared_lengths_cost_nothing() {
    for pickle in [
        &b"\x80\x05\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"[..],
        b"\x80\x05X\xff\xff\xff\xff",
        b"\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\x7f}.",
        b"\x8b\xff\xff\xff\x7f",
        b"}r\xff\xff\xff\xff.",
        b"}p4294967295\n.",
        b"}p99999999999999999999999999\n.",
    ] {
        why(pickle);
    }
}

#[test]
fn depth_is_bounded_and_the_stack_is_not_used_for_it() {
    let nested = |depth: usize| {
        let open = "[".repeat(depth) + &"]".repeat(depth);
        format!(r#"{{"a":{open}}}"#)
    };
    let deep = nested(999);
    assert_eq!(json(&encode(&data(&deep), Protocol::Four)), deep);
    for depth in [960, 970, 980, 990, 999] {
        let deep = nested(depth).replace('}', r#","b":1}"#);
        let pickle = encode(&data(&deep), Protocol::Four);
        skimmed(&pickle);
        assert_eq!(json(&pickle), deep);
    }
    let hostile = [
        b"}X\x01\0\0\0a".to_vec(),
        vec![b']'; 200_000],
        vec![b'a'; 199_999],
        b"s.".to_vec(),
    ];
    assert_eq!(why(&hostile.concat()), "values nest more than 1000 deep");
}

#[test]
fn numbers_beyond_what_python_prints_stay() {
    let digits = "7".repeat(10_000);
    let text = format!(r#"{{"a":{digits},"b":-{digits}}}"#);
    assert_eq!(json(&encode(&data(&text), Protocol::Five)), text);
    let digits = "7".repeat(4300);
    let text = format!(r#"{{"a":{digits},"b":-{digits}}}"#);
    assert_eq!(json(&encode(&data(&text), Protocol::Five)), text);
    why(&holding(&[b"\x8b\x00\x10\0\0", &[1; 4096][..]].concat()));
}

#[test]
fn batches_end_where_python_ends_them() {
    for length in [0, 1, 2, 999, 1000, 1001, 2000, 2001] {
        let list: Vec<String> = (0..length).map(|number| number.to_string()).collect();
        let dict: Vec<String> = list
            .iter()
            .map(|number| format!(r#""{number}":{number}"#))
            .collect();
        let text = format!(r#"{{"l":[{}],"d":{{{}}}}}"#, list.join(","), dict.join(","));
        assert_eq!(
            json(&encode(&data(&text), Protocol::Five)),
            text,
            "{length}"
        );
    }
}

/// A pickle that uses most of what can be read.
fn sample() -> Vec<u8> {
    let mut sample = encode(
        &data(
            r#"{"a":[1,2.5,null,true,-70000,[],{}],"b":{"a":"Zo\u00eb","c":1180591620717411303424},"\ud800":"x\"y"}"#,
        ),
        Protocol::Five,
    );
    sample.pop();
    sample.extend_from_slice(
        b"\x8c\x01t(K\x01K\x02tsX\x01\0\0\0zK\x01\x85\x85sV\\u00e9\nI01\nsVq\nL5L\nsVw\nF2.5\nsVe\n\x8c\x17django.utils.safestring\x8c\x0aSafeString\x93\
          \x8c\x01s\x85\x81s.",
    );
    sample
}

#[test]
fn no_damage_to_a_byte_and_no_cut_is_a_panic() {
    let sample = sample();
    for whole in [
        sample.clone(),
        encode(&data(r#"{"a":[1,{"b":"c"}]}"#), Protocol::Four),
    ] {
        assert!(decode(&whole, 1000).is_ok());
        for length in 0..whole.len() {
            assert!(decode(&whole[..length], 1000).is_err(), "{length}");
        }
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            for byte in 0..=u8::MAX {
                damaged[place] = byte;
                if let Ok((data, _)) = decode(&damaged, 1000) {
                    assert!(data.to_json().len() <= 1000);
                }
            }
        }
    }
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        "-?[1-9][0-9]{0,60}",
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| crate::Json::of(&value).unwrap().as_str().to_owned()),
        any::<String>().prop_map(|text| crate::Json::of(&text).unwrap().as_str().to_owned()),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((any::<String>(), inner), 0..8).prop_map(|items| {
                let items: Vec<_> = items
                    .iter()
                    .map(|(key, value)| {
                        format!("{}:{value}", crate::Json::of(key).unwrap().as_str())
                    })
                    .collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    })
}

/// What was skimmed is what the machine reads; tells whether it could be.
fn skimmed(pickle: &[u8]) -> bool {
    let Some((data, rest)) = skim::skim(pickle, 1 << 20) else {
        return false;
    };
    let (expected, expected_rest) = read::by_machine(pickle, 1 << 20).unwrap();
    // Names that stand twice count twice, until they are looked at.
    assert!(data.json_len() >= expected.json_len(), "{pickle:?}");
    assert_eq!(data, expected, "{pickle:?}");
    assert_eq!(rest, expected_rest);
    true
}

/// All readers read alike; tells whether the quick one had to leave it to the machine.
fn read_by_both(pickle: &[u8]) -> bool {
    skimmed(pickle);
    let Some((data, rest)) = plain::read(pickle, 1 << 20) else {
        return false;
    };
    let (expected, expected_rest) = read::by_machine(pickle, 1 << 20).unwrap();
    assert_eq!(data, expected, "{pickle:?}");
    assert_eq!(data.to_json(), expected.to_json(), "{pickle:?}");
    assert_eq!(rest, expected_rest);
    true
}

#[test]
fn plain_data_does_not_need_the_machine() {
    for text in [
        "{}",
        r#"{"a":1}"#,
        r#"{"a":[]}"#,
        r#"{"a":[[]],"b":[],"c":{}}"#,
        r#"{"a":[{"k":"v"}],"b":[[1],[2,3]],"c":{"":{"d":null}}}"#,
        r#"{"e":[-1,70000,-70000,12345678901,1.5,true,false],"\u00e9\n":"\ud83d\ude00\""}"#,
        r#"{"one":{"x":1},"two":{"x":1},"x":"one","y":""}"#,
    ] {
        let pickle = encode(&data(text), Protocol::Five);
        assert!(read_by_both(&pickle), "{text}");
        assert_eq!(json(&pickle), text);
        for end in 0..pickle.len() {
            assert!(plain::read(&pickle[..end], 1 << 20).is_none());
        }
    }
}

#[test]
fn a_key_that_stands_twice_has_its_last_value() {
    for dict in [
        &b"}(\x8c\x01aK\x01\x8c\x01bK\x02\x8c\x01aK\x03u"[..],
        b"}(\x8c\x01a\x94K\x01\x8c\x01bK\x02h\0K\x03u",
    ] {
        let pickle = [b"\x80\x04", dict, b"."].concat();
        assert!(read_by_both(&pickle));
        assert_eq!(json(&pickle), r#"{"a":3,"b":2}"#);
        let pickle = holding(dict);
        assert!(read_by_both(&pickle));
        assert_eq!(json(&pickle), r#"{"k":{"a":3,"b":2}}"#);
    }
}

/// A pickle in one frame, of a dict with these items.
fn framed(items: &[u8]) -> Vec<u8> {
    let frame = [b"}\x94(", items, b"u."].concat();
    let length = (frame.len() as u64).to_le_bytes();
    [b"\x80\x04\x95", &length[..], &frame].concat()
}

#[test]
fn sessions_of_several_keys_are_skimmed() {
    for text in [
        r#"{"a":[],"b":{}}"#,
        r#"{"a":[[]],"b":[],"c":{}}"#,
        r#"{"a":[{"k":"v"}],"b":[[1],[2,3]],"c":{"":{"d":null}}}"#,
        r#"{"e":[-1,70000,-70000,12345678901,1.5,true,false],"f":{"\u00e9\n":"\ud83d\ude00\""},"g":"\ud800"}"#,
        r#"{"one":{"x":1},"two":{"x":1},"x":"one","y":"","long":"a text that is more than thirty-two bytes long"}"#,
    ] {
        let pickle = encode(&data(text), Protocol::Five);
        assert!(skimmed(&pickle), "{text}");
        let followed = [&pickle[..], b"tail"].concat();
        let (data, rest) = decode(&followed, text.len()).unwrap();
        assert_eq!(data.json_len(), text.len());
        assert_eq!(rest, b"tail");
        assert_eq!(encode(&data, Protocol::Five), pickle);
        assert!(matches!(
            decode(&pickle, text.len() - 1),
            Err(CodecError::TooLarge { .. })
        ));
        for end in 0..pickle.len() {
            assert!(skim::skim(&pickle[..end], 1 << 20).is_none());
        }
    }
}

#[test]
fn what_is_changed_is_written_among_what_is_kept() {
    let visits = |visits| {
        data(&format!(
            r#"{{"a":["x","yz"],"visits":{visits},"b":[{{"k":"yz"}},{{"k":1}}]}}"#
        ))
    };
    let before = encode(&visits(9), Protocol::Five);
    let (mut kept, _) = decode(&before, 1000).unwrap();
    kept.insert("visits", crate::Json::of(&10).unwrap());
    // Byte for byte as if all were written.
    assert_eq!(
        encode(&kept, Protocol::Five),
        encode(&visits(10), Protocol::Five)
    );

    // Where a text came, all numbers behind it move, and what refers to them.
    kept.insert("visits", crate::Json::of(&["ten"]).unwrap());
    kept.insert("new", crate::Json::of(&"end").unwrap());
    let pickle = encode(&kept, Protocol::Five);
    assert!(skimmed(&pickle));
    assert_eq!(
        json(&pickle),
        r#"{"a":["x","yz"],"visits":["ten"],"b":[{"k":"yz"},{"k":1}],"new":"end"}"#
    );

    // A text that others refer to is gone with the value that it was in.
    let (mut kept, _) = decode(&framed(b"\x8c\x01a\x8c\x01x\x94\x8c\x01bh\x01"), 1000).unwrap();
    kept.insert("a", crate::Json::of(&"y").unwrap());
    assert_eq!(json(&encode(&kept, Protocol::Five)), r#"{"a":"y","b":"x"}"#);
}

proptest! {
    #[test]
    fn data_comes_back_to_the_byte(value in json_text(), tail in any::<Vec<u8>>()) {
        let data = data(&format!(r#"{{"k":{value},"b":{value}}}"#));
        for protocol in [Protocol::Four, Protocol::Five] {
            let bytes = [encode(&data, protocol), tail.clone()].concat();
            read_by_both(&bytes);
            let (read, rest) = decode(&bytes, 1 << 24).unwrap();
            prop_assert_eq!(read.to_json(), data.to_json());
            prop_assert_eq!(rest, &tail[..]);
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, 1000);
    }

    #[test]
    fn instructions_in_any_order_never_panic(
        codes in prop::collection::vec(prop::sample::select(&b"()]}NK\x01alesudtq\0h\0\x94\x85\x86\x87\x88\x8c.0R\x81\x93"[..]), 0..200),
    ) {
        let _ = decode(&codes, 1000);
        read_by_both(&[b"\x80\x04}(", &codes[..]].concat());
        skimmed(&framed(&codes));
    }

    /// Whatever is put in the place of a value, added or removed, is written with what was kept, and read alike.
    #[test]
    fn what_is_kept_is_what_would_be_written(
        items in prop::collection::vec(("[a-e]{1,2}", json_text()), 2..8),
        changes in prop::collection::vec(("[a-e]{1,2}", prop::option::of(json_text())), 0..4),
    ) {
        let items: Vec<_> = items.iter().map(|(key, value)| format!(r#""{key}":{value}"#)).collect();
        let mut expected = data(&format!("{{{}}}", items.join(",")));
        let (mut kept, _) = decode(&encode(&expected, Protocol::Five), 1 << 24).unwrap();
        for (key, value) in &changes {
            for data in [&mut expected, &mut kept] {
                match value {
                    Some(value) => { data.insert(key, crate::Json::parse(value).unwrap()); }
                    None => { data.remove(key); }
                }
            }
        }
        prop_assert_eq!(kept.json_len(), expected.json_len());
        let pickle = encode(&kept, Protocol::Four);
        prop_assert_eq!(&pickle[..2], b"\x80\x04");
        read_by_both(&pickle);
        prop_assert_eq!(json(&pickle), expected.to_json());
    }
}
