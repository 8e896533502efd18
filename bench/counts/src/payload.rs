//! The sessions that cases hold.

use std::fmt;

use serde_json::{Value, json};

use crate::Error;

/// The content of a session, as JSON in the spelling that Django writes.
#[derive(Clone, Debug)]
pub struct Payload {
    /// About how much it is.
    pub size: Size,
    /// The JSON text.
    pub json: String,
}

/// How much a session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 300 bytes: a login, settings, a small cart.
    B300,
    /// 10 kB: a large cart.
    Kb10,
    /// 100 kB: a session that holds what it should not.
    Kb100,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::B300 => "300 B",
            Self::Kb10 => "10 kB",
            Self::Kb100 => "100 kB",
        })
    }
}

impl Payload {
    /// The sessions of `bench/payload`, and one that has the larger one's cart ten times.
    ///
    /// # Errors
    ///
    /// When a file is not what it should be.
    pub fn all() -> Result<[Self; 3], Error> {
        let small = include_str!("../../payload/300.json").trim_end();
        let large = include_str!("../../payload/10k.json").trim_end();
        let payload = |size, json: &str| Self {
            size,
            json: json.to_owned(),
        };
        let huge = ten_carts(large)?;
        Ok([
            payload(Size::B300, small),
            payload(Size::Kb10, large),
            payload(Size::Kb100, &huge),
        ])
    }
}

/// Each repetition has prices of its own, so that it does not compress to the size of one.
fn ten_carts(large: &str) -> Result<String, Error> {
    let mut session: Value = serde_json::from_str(large)?;
    let cart = session.get_mut("cart").and_then(Value::as_array_mut);
    let cart = cart.ok_or("the session has no cart")?;
    let one = cart.clone();
    for number in 1..10_u32 {
        for (index, item) in (0_u32..).zip(&one) {
            let mut item = item.clone();
            let cents = (number * 7_919 + index * 104_729) % 50_000;
            *item.get_mut("price").ok_or("an item has no price")? =
                json!(format!("{}.{:02}", cents / 100, cents % 100));
            cart.push(item);
        }
    }
    Ok(serde_json::to_string(&session)?)
}
