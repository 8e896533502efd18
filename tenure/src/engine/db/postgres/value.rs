//! What goes to the server and what comes back.

use std::{error::Error, fmt};

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{
    super::table::lossy,
    sql::{unwire, wire},
};
use crate::moment::Moment;

type Outcome<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// A parameter of a statement.
pub(super) enum Param<'a> {
    Text(&'a str),
    /// A parameter for `= ANY(…)`.
    Texts(&'a [&'a str]),
    /// The key of a row, whatever its type: `NULL`, which no key is, if it cannot be of that type.
    Key(&'a str),
    Date(Moment),
    Number(i64),
}

// The driver logs parameters, and a key is a login.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Param(..)")
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match self {
            Self::Text(text) => text.to_sql(kind, out),
            Self::Texts(texts) => texts.to_sql(kind, out),
            Self::Key(key) => key_to_sql(key, kind, out),
            Self::Date(moment) if *kind == Type::TIMESTAMPTZ => {
                out.extend_from_slice(&wire(*moment));
                Ok(IsNull::No)
            }
            Self::Date(_) => Err("the column is no `timestamp with time zone`".into()),
            Self::Number(number) => number.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn key_to_sql(key: &str, kind: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
    match *kind {
        Type::INT2 => key.parse::<i16>().ok().to_sql(kind, out),
        Type::INT4 => key.parse::<i32>().ok().to_sql(kind, out),
        Type::INT8 => key.parse::<i64>().ok().to_sql(kind, out),
        Type::UUID => {
            let digits = Some(key.replace('-', "")).filter(|digits| digits.len() == 32);
            match digits.and_then(|digits| u128::from_str_radix(&digits, 16).ok()) {
                Some(number) => {
                    out.extend_from_slice(&number.to_be_bytes());
                    Ok(IsNull::No)
                }
                None => Ok(IsNull::Yes),
            }
        }
        _ => key.to_sql(kind, out),
    }
}

/// Text as it is stored. A database in the encoding `SQL_ASCII` may hold what is no UTF-8: it will not verify.
pub(super) struct Text(pub(super) String);

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Outcome<Self> {
        Ok(Self(lossy(bytes.to_vec())))
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql>::accepts(kind)
    }
}

/// The column `expire_date`.
pub(super) struct Date(pub(super) Moment);

impl<'a> FromSql<'a> for Date {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Outcome<Self> {
        Ok(Self(unwire(bytes.try_into()?)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMPTZ
    }
}
