//! Sessions by the thousand, the same in every run.

use std::{fmt::Write as _, time::SystemTime};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

pub(crate) const SEED: u64 = 0x5eed_2026;
pub(crate) const COUNT: usize = 1000;

/// Who makes the sessions: Python can write more than Rust has types for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Django,
    Tenure,
}

impl Maker {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Django => Self::Tenure,
            Self::Tenure => Self::Django,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    /// Digits beyond every integer of Rust's.
    Huge(String),
    Float(f64),
    Text(String),
    /// Half a surrogate pair between two letters.
    Half(u16),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// What `set_expiry` was called with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Own {
    Nothing,
    BrowserClose,
    Seconds(u32),
    /// Microseconds since 1970.
    At(i64),
}

#[derive(Clone, Debug)]
pub(crate) struct Generated {
    pub(crate) entries: Vec<(String, Value)>,
    pub(crate) own: Own,
}

impl Value {
    /// JSON text that Python reads as this value.
    pub(crate) fn json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Null => write!(out, "null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Integer(value) => write!(out, "{value}"),
            Self::Huge(digits) => write!(out, "{digits}"),
            Self::Float(value) if value.is_nan() => write!(out, "NaN"),
            Self::Float(value) if value.is_infinite() => {
                write!(out, "{}Infinity", if *value < 0.0 { "-" } else { "" })
            }
            // Rust's shortest digits, which Python reads as the same float.
            Self::Float(value) => write!(out, "{value:?}"),
            Self::Text(text) => write!(out, "{}", quoted(text)),
            Self::Half(unit) => write!(out, "\"a\\u{unit:04x}z\""),
            Self::List(values) => {
                out.push('[');
                for (number, value) in values.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    value.write(out);
                }
                write!(out, "]")
            }
            Self::Map(entries) => {
                out.push('{');
                for (number, (name, value)) in entries.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.write(out);
                }
                write!(out, "}}")
            }
        };
    }
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// As a program in Rust would give it to a session.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Huge(_) | Self::Half(_) => unreachable!("Django alone makes these"),
        }
    }
}

impl Own {
    /// As Django's driver takes it.
    pub(crate) fn json(self) -> serde_json::Value {
        match self {
            Self::Nothing => serde_json::Value::Null,
            Self::BrowserClose => 0.into(),
            Self::Seconds(seconds) => seconds.into(),
            Self::At(micros) => isoformat(micros).into(),
        }
    }
}

/// The text that Python's `isoformat` gives for a moment.
pub(crate) fn isoformat(micros: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(micros).unwrap();
    let format = if micros % 1_000_000 == 0 {
        "%Y-%m-%dT%H:%M:%S+00:00"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6f+00:00"
    };
    moment.strftime(format).to_string()
}

/// Steele and Lea's SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn text(&mut self) -> String {
        const PARTS: &[&str] = &[
            "a",
            "Zoë",
            "Ünïcödé",
            "日本語",
            "😀",
            "👩‍👩‍👧‍👦",
            "\0",
            "\u{7f}",
            "\u{1}",
            "\n\t\r\u{8}\u{c}",
            "\"",
            "\\",
            "/",
            "</script>",
            "\u{2028}",
            "\u{ffff}",
            "\u{10ffff}",
            "\\u0041",
            "é",
            " ",
            "null",
            "\u{feff}",
            "%",
            "'",
            ":",
        ];
        (0..self.below(6)).map(|_| *self.pick(PARTS)).collect()
    }

    fn float(&mut self) -> f64 {
        const EDGES: &[f64] = &[
            0.0,
            -0.0,
            0.1,
            1.0,
            1e15,
            1e16,
            1e17,
            123_456_789.123_456_79,
            1e308,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e-5,
            1e-4,
            2.5,
            9_007_199_254_740_993.0,
            1e22,
            1e23,
            -1.5e-7,
            0.3,
        ];
        if self.below(2) == 0 {
            return *self.pick(EDGES);
        }
        let float = f64::from_bits(self.next());
        if float.is_finite() { float } else { 0.5 }
    }

    fn integer(&mut self) -> i128 {
        const EDGES: &[i128] = &[
            0,
            1,
            -1,
            255,
            256,
            65_535,
            65_536,
            -32_768,
            2_147_483_647,
            2_147_483_648,
            -2_147_483_648,
            -2_147_483_649,
            9_007_199_254_740_993,
            9_223_372_036_854_775_807,
            9_223_372_036_854_775_808,
            -9_223_372_036_854_775_808,
            18_446_744_073_709_551_615,
            18_446_744_073_709_551_616,
            i128::MAX,
            i128::MIN,
        ];
        if self.below(3) == 0 {
            i128::from(self.next()) - i128::from(self.next())
        } else {
            *self.pick(EDGES)
        }
    }

    fn value(&mut self, maker: Maker, depth: usize) -> Value {
        let kinds = if depth < 4 { 12 } else { 9 };
        match self.below(kinds) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 | 3 => Value::Integer(self.integer()),
            4 | 5 => Value::Float(self.float()),
            6 if maker == Maker::Django => self.django_alone(),
            6..=8 => Value::Text(self.text()),
            9 | 10 => Value::List(
                (0..self.below(5))
                    .map(|_| self.value(maker, depth + 1))
                    .collect(),
            ),
            _ => Value::Map(self.entries(maker, depth + 1)),
        }
    }

    /// What no type of Rust's can hold.
    fn django_alone(&mut self) -> Value {
        const HALVES: &[u16] = &[0xd800, 0xdbff, 0xdc00, 0xdfff];
        match self.below(5) {
            0 => Value::Half(*self.pick(HALVES)),
            1 => Value::Float(*self.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
            _ => {
                let digits = "1234567890".repeat(4 + self.below(30));
                let sign = if self.below(2) == 0 { "-" } else { "" };
                Value::Huge(format!("{sign}{digits}"))
            }
        }
    }

    fn entries(&mut self, maker: Maker, depth: usize) -> Vec<(String, Value)> {
        const NAMES: &[&str] = &[
            "cart", "user", "Zoë", "😀", "", "\0", "a b", "\"", "_private", "0", "true", "日本",
            "theme", "n",
        ];
        let mut entries: Vec<(String, Value)> = Vec::new();
        for _ in 0..self.below(7) {
            let name = format!("{}{}", self.pick(NAMES), self.pick(&["", "", "2", "é"]));
            if entries.iter().all(|(taken, _)| *taken != name) {
                entries.push((name, self.value(maker, depth)));
            }
        }
        entries
    }

    fn own(&mut self) -> Own {
        match self.below(6) {
            0 | 1 => Own::Nothing,
            2 => Own::BrowserClose,
            3 => Own::Seconds(600 + u32::try_from(self.below(10_000_000)).unwrap()),
            kind => {
                let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
                let day = 86_400_000_000;
                let micros = i64::try_from(now.as_micros()).unwrap() + day;
                let micros = micros + i64::try_from(self.next() % 100_000_000_000_000).unwrap();
                // With and without a fraction.
                Own::At(if kind == 4 {
                    micros
                } else {
                    micros / 1_000_000 * 1_000_000
                })
            }
        }
    }
}

/// The sessions of one side: [`COUNT`] by chance, and those that chance would not make. None has more than `max_size` bytes of JSON.
pub(crate) fn sessions(maker: Maker, max_size: usize) -> Vec<Generated> {
    let mut dice = Dice(SEED + u64::from(maker == Maker::Tenure));
    let mut sessions: Vec<_> = edges(&mut dice, maker);
    while sessions.len() < COUNT {
        sessions.push(Generated {
            entries: dice.entries(maker, 0),
            own: dice.own(),
        });
    }
    sessions.extend(reserved());
    for session in &mut sessions {
        let size = |session: &Generated| -> usize {
            let entries = session.entries.iter();
            // Escaped, a character has six bytes at most for each half.
            entries
                .map(|(name, value)| 6 * name.len() + 2 * value.json().len())
                .sum()
        };
        while size(session) > max_size {
            session.entries.pop();
        }
    }
    sessions
}

fn edges(dice: &mut Dice, maker: Maker) -> Vec<Generated> {
    let mut nested = Value::Integer(1);
    for _ in 0..100 {
        nested = Value::List(vec![nested]);
    }
    let letters = |dice: &mut Dice, count| -> String {
        let letter = |_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap());
        (0..count).map(letter).collect()
    };
    let hundred_kilobytes = letters(dice, 100_000);
    let list = (0..6000).map(|_| dice.value(maker, 4)).collect();
    let many = (0..1500).map(|number| (format!("key {number}"), Value::Integer(number)));
    let texts = [254, 255, 256, 257, 65_535, 65_536]
        .map(|count| (count.to_string(), Value::Text(letters(dice, count))));
    [
        vec![],
        vec![("text".to_owned(), Value::Text(hundred_kilobytes))],
        vec![("same".to_owned(), Value::Text("é".repeat(100_000)))],
        vec![("list".to_owned(), Value::List(list))],
        vec![("nested".to_owned(), nested)],
        many.collect(),
        texts.into(),
        // Equal strings, which Python's pickler writes once.
        vec![(
            "again".to_owned(),
            Value::List(vec![Value::Text("again".to_owned()); 3]),
        )],
    ]
    .map(|entries| Generated {
        entries,
        own: Own::Nothing,
    })
    .into()
}

/// What Django's own components and well-known add-ons keep in sessions, which tenure does not know.
fn reserved() -> Vec<Generated> {
    const ADD_ONS: &[(&str, &str)] = &[
        (
            "_auth_user_backend",
            r#""allauth.account.auth_backends.AuthenticationBackend""#,
        ),
        ("_language", r#""de-at""#),
        (
            "_message",
            r#"[["__json_message",0,20,"kept elsewhere",""]]"#,
        ),
        ("_nonce", r#""b7f1e2""#),
        ("_password_reset_key", r#""cq1b2c-0123456789abcdef""#),
        (
            "account_authentication_methods",
            r#"[{"method":"password","at":1795000000.25,"username":"ada"}]"#,
        ),
        (
            "account_login",
            r#"{"user_pk":"41","email":"zo\u00eb@example.com"}"#,
        ),
        ("account_user", r#""41""#),
        ("account_verified_email", r#""zo\u00eb@example.com""#),
        ("captcha", r#"{"answer":42}"#),
        ("cms_edit", "true"),
        ("django_timezone", r#""Europe/Vienna""#),
        ("facebook_state", r#""Xy-_9""#),
        ("hijack_history", r#"["7","41"]"#),
        ("impersonate", "41"),
        ("next", r#""/cart?page=2""#),
        (
            "oidc_states",
            r#"{"f00":{"nonce":"b4r","added_on":1795000000.123456}}"#,
        ),
        ("otp_device_id", r#""otp_totp.totpdevice/3""#),
        ("partial_pipeline_token", r#""0a1b2c3d4e""#),
        ("saml_session", "null"),
        ("social_auth_last_login_backend", r#""google-oauth2""#),
        (
            "socialaccount_states",
            r#"{"s1":[{"process":"login","next":"/"},1795000000.5]}"#,
        ),
        (
            "two_factor-setup_view",
            r#"{"step":"generator","step_data":{},"extra_data":{}}"#,
        ),
        (
            "wizard_checkout_wizard",
            r#"{"step":"address","step_data":{"cart":{"csrfmiddlewaretoken":["x"]}},"step_files":{},"extra_data":{}}"#,
        ),
    ];
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../interop/vectors/reserved_keys.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let vectors = cases
        .iter()
        .map(|case| case["payload"].as_str().unwrap().to_owned());
    let add_ons = ADD_ONS
        .iter()
        .map(|(name, json)| format!("{{\"{name}\":{json}}}"));
    let together = ADD_ONS
        .iter()
        .map(|(name, json)| format!("\"{name}\":{json}"));
    let together = format!("{{{}}}", together.collect::<Vec<_>>().join(","));
    let all = vectors.chain(add_ons).chain([together]);
    let read = |text: String| serde_json::from_str::<serde_json::Map<_, _>>(&text).unwrap();
    all.map(|text| Generated {
        entries: read(text)
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect(),
        own: Own::Nothing,
    })
    // `set_expiry` is not what is looked at here.
    .filter(|session| {
        session
            .entries
            .iter()
            .all(|(name, _)| name != "_session_expiry")
    })
    .collect()
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(number) => Self::Integer(number),
                None => Self::Float(number.as_f64().unwrap()),
            },
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => {
                Self::List(values.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            ),
        }
    }
}
