//! Sessions by the thousand, the same in every run.

use std::time::SystemTime;

use crate::{known, value::Value};

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

/// Steele and Lea's `SplitMix64`: small, and the same everywhere.
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
    sessions.extend(known::sessions());
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
