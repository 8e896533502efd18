//! Pickles against Python's own `pickle`, both ways, and the JSON of django-redis.

#[cfg(test)]
mod tests {
    use std::{
        fmt::Write as _,
        io::{BufRead as _, BufReader, Write as _},
        process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    };

    use proptest::{
        prelude::*,
        strategy::{Strategy, ValueTree as _},
        test_runner::TestRunner,
    };
    use tenure::{
        CodecError, Data, Json,
        codec::pickle::{self, Protocol},
        engine::cache::Format,
        settings::CacheSettings,
    };

    /// For each line with JSON and two pickles: what the pickles are to Python, and what Python makes of the JSON.
    const SCRIPT: &str = r#"
import json, pickle, sys
dumps = lambda value: json.dumps(value, separators=(",", ":"))
for line in sys.stdin:
    text, four, five = line.split("\t")
    read = [dumps(pickle.loads(bytes.fromhex(hex))) for hex in (four, five)]
    again = [pickle.dumps(json.loads(text), protocol) for protocol in range(6)]
    print(*read, json.dumps(json.loads(text)), *(written.hex() for written in again), sep="\t", flush=True)
"#;

    /// What JSON has not, in Python, and what it is called.
    const PYTHON_VALUES: &[(&str, &str)] = &[
        ("b'\\x00\\xff'", "bytes"),
        ("b''", "bytes"),
        ("bytearray(b'x')", "bytearray"),
        ("{1, 2}", "set"),
        ("set()", "set"),
        ("frozenset({1, (2,)})", "frozenset"),
        ("1 + 2j", "complex"),
        ("datetime.date(2026, 1, 2)", "datetime.date"),
        (
            "datetime.datetime(2026, 1, 2, 3, 4, 5, 678)",
            "datetime.datetime",
        ),
        (
            "datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)",
            "datetime.datetime",
        ),
        (
            "datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('UTC'))",
            "datetime.datetime",
        ),
        ("datetime.time(3, 4)", "datetime.time"),
        (
            "datetime.timedelta(days=1, seconds=2)",
            "datetime.timedelta",
        ),
        ("datetime.timezone.utc", "datetime.timezone"),
        ("zoneinfo.ZoneInfo('UTC')", "zoneinfo.ZoneInfo"),
        ("decimal.Decimal('19.90')", "decimal.Decimal"),
        ("uuid.UUID(int=7)", "uuid.UUID"),
        ("translation.gettext_lazy('Welcome')", "lazy string"),
        ("translation.pgettext_lazy('month', 'May')", "lazy string"),
        ("urls.reverse_lazy('home', args=[1])", "lazy string"),
    ];

    /// For each line with an expression: a session that holds its value, pickled by each protocol that Django's caches may be set to.
    const PYTHON_VALUES_SCRIPT: &str = r#"
import datetime, decimal, pickle, sys, uuid, zoneinfo
from django import urls
from django.utils import translation
for line in sys.stdin:
    session = {"user": 7, "held": [eval(line)], "more": [1, 2]}
    print(*(pickle.dumps(session, protocol).hex() for protocol in range(2, 6)), sep="\t", flush=True)
"#;

    struct Python {
        process: Child,
        questions: Option<ChildStdin>,
        answers: BufReader<ChildStdout>,
    }

    impl Python {
        fn start(script: &str) -> Self {
            let mut process = Command::new(testkit::python())
                .args(["-c", script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            Self {
                questions: process.stdin.take(),
                answers: BufReader::new(process.stdout.take().unwrap()),
                process,
            }
        }

        fn ask(&mut self, question: &str) -> String {
            writeln!(self.questions.as_ref().unwrap(), "{question}").unwrap();
            let mut answer = String::new();
            self.answers.read_line(&mut answer).unwrap();
            answer.trim_end().to_owned()
        }
    }

    impl Drop for Python {
        fn drop(&mut self) {
            drop(self.questions.take());
            let _ = self.process.wait();
        }
    }

    fn hex(bytes: &[u8]) -> String {
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").unwrap();
        }
        hex
    }

    fn unhex(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    fn text() -> impl Strategy<Value = String> {
        let of = |text: String| Json::of(&text).unwrap().as_str().to_owned();
        prop_oneof![
            any::<String>().prop_map(of),
            "[a-c]{0,2}".prop_map(of),
            "\\\\ud[89a-f][0-9a-f]{2}".prop_map(|half| format!("\"{half}\"")),
            (250_usize..260).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
            (80_usize..130).prop_map(move |length| of("\u{e9}".repeat(length))),
        ]
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|value| value.to_string()),
            "-?[1-9][0-9]{0,60}",
            (1_u8..10, 600_usize..620).prop_map(|(digit, length)| digit.to_string().repeat(length)),
            any::<i64>().prop_map(|value| value.to_string()),
            any::<i16>().prop_map(|value| value.to_string()),
            any::<f64>().prop_map(|value| Json::of(&value).unwrap().as_str().to_owned()),
            text(),
        ];
        leaf.prop_recursive(4, 48, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                dict(inner),
            ]
        })
    }

    fn dict(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        prop::collection::vec((text(), value), 0..8).prop_map(|items| {
            let items: Vec<_> = items
                .iter()
                .map(|(key, value)| format!("{key}:{value}"))
                .collect();
            format!("{{{}}}", items.join(","))
        })
    }

    fn agree(python: &mut Python, json: &str) {
        let data = Data::from_json(json.as_bytes()).unwrap();
        let json = data.to_json();
        let four = pickle::encode(&data, Protocol::Four);
        let five = pickle::encode(&data, Protocol::Five);
        let answer = python.ask(&format!("{json}\t{}\t{}", hex(&four), hex(&five)));
        let answers: Vec<_> = answer.split('\t').collect();
        let [read_four, read_five, spaced, written @ ..] = &*answers else {
            panic!("{json}: {answer}")
        };
        assert_eq!([*read_four, *read_five], [&json; 2]);
        let mut entry = CacheSettings::default();
        entry.backend = "django_redis.cache.RedisCache".into();
        let serializer = "django_redis.serializers.json.JSONSerializer";
        entry.options.insert("SERIALIZER".into(), serializer.into());
        let format = Format::of("default", &entry).unwrap();
        assert!(format.encode(&data) == spaced.as_bytes(), "{json}");
        let written: Vec<_> = written.iter().map(|hex| unhex(hex)).collect();
        for (protocol, bytes) in written.iter().enumerate() {
            let (read, rest) = pickle::decode(bytes, 64 << 20).unwrap();
            assert_eq!(read.to_json(), json, "protocol {protocol}");
            assert_eq!(rest, b"");
        }
        assert!(written[4] == four && written[5] == five, "{json}");
    }

    #[test]
    fn what_python_has_and_json_has_not_is_named() {
        let mut python = Python::start(PYTHON_VALUES_SCRIPT);
        for (expression, named) in PYTHON_VALUES {
            let answer = python.ask(expression);
            for (hex, protocol) in answer.split('\t').zip(2..) {
                match pickle::decode(&unhex(hex), 1000) {
                    Err(CodecError::PythonValue { class, key }) => {
                        assert_eq!((class, key.as_deref()), (*named, Some("held")));
                    }
                    other => panic!("{expression} by protocol {protocol}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn python_reads_and_writes_the_same_bytes() {
        let mut python = Python::start(SCRIPT);
        let mut runner = TestRunner::deterministic();
        let dicts = dict(value());
        for _ in 0..1000 {
            let json = dicts.new_tree(&mut runner).unwrap().current();
            agree(&mut python, &json);
        }
    }

    #[test]
    fn python_ends_batches_and_frames_at_the_same_places() {
        let mut python = Python::start(SCRIPT);
        for length in [0, 1, 2, 999, 1000, 1001, 2000, 2001, 8000] {
            let numbers: Vec<_> = (0..length).map(|number| format!("{number}")).collect();
            let list = numbers.join(",");
            let dict: Vec<_> = numbers
                .iter()
                .map(|number| format!("\"k{number}\":[\"{number}\"]"))
                .collect();
            let dict = dict.join(",");
            agree(&mut python, &format!(r#"{{"l":[{list}],"d":{{{dict}}}}}"#));
            agree(&mut python, &format!("{{{dict}}}"));
        }
        for length in [65_535, 65_536, 65_537, 200_000] {
            let long = "x".repeat(length);
            agree(
                &mut python,
                &format!(r#"{{"a":1,"{long}":["{long}",[["{long}"]]],"b":[1,2]}}"#),
            );
        }
        // Frames that are just long enough, and just not.
        for length in 65_505..65_520 {
            let texts = [&"x".repeat(length / 2), &"y".repeat(length - length / 2)];
            agree(
                &mut python,
                &format!(r#"{{"a":"{}","b":"{}","c":[0]}}"#, texts[0], texts[1]),
            );
        }
    }
}
