//! The few Python classes whose values may stand in a session.

use super::problem::Problem;

/// A class that may stand in a pickle. No code of theirs is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Django's text that needs no escaping in a template. It gets into sessions with whatever a form or a translation gave. It is text.
    SafeString,
    /// A dict; Django's own code has put it into sessions. It is a dict.
    OrderedDict,
    /// A type of values that JSON has not, by its name.
    Foreign(&'static str),
    /// `getattr`, by which a pickle finds how to build a [`ZONE`].
    GetAttr,
    /// What stands among the arguments of such a type, and nowhere else.
    Argument,
}

/// The time zones of `zoneinfo`, which dates refer to.
pub(super) const ZONE: &str = "zoneinfo.ZoneInfo";

/// By module and name, as pickles have them, which types are [`Class::Foreign`], and what people call them. Python's own come first: plain
/// data that a Django site may well keep. In protocols below 3 `builtins` has its name from Python 2, and bytes are a text to encode.
const FOREIGN: &[(&str, &str, &str)] = &[
    ("__builtin__", "bytearray", "bytearray"),
    ("__builtin__", "bytes", "bytes"),
    ("__builtin__", "complex", "complex"),
    ("__builtin__", "frozenset", "frozenset"),
    ("__builtin__", "set", "set"),
    ("_codecs", "encode", "bytes"),
    ("builtins", "bytearray", "bytearray"),
    ("builtins", "complex", "complex"),
    ("builtins", "frozenset", "frozenset"),
    ("builtins", "set", "set"),
    ("datetime", "date", "datetime.date"),
    ("datetime", "datetime", "datetime.datetime"),
    ("datetime", "time", "datetime.time"),
    ("datetime", "timedelta", "datetime.timedelta"),
    ("datetime", "timezone", "datetime.timezone"),
    ("decimal", "Decimal", "decimal.Decimal"),
    ("uuid", "UUID", "uuid.UUID"),
    ("zoneinfo", "ZoneInfo", ZONE),
    (
        "django.utils.functional",
        "_lazy_proxy_unpickle",
        "lazy string",
    ),
];

/// What Django's lazy strings are made of.
const ARGUMENTS: &[(&str, &str)] = &[
    ("__builtin__", "unicode"),
    ("builtins", "str"),
    ("django.urls.base", "reverse"),
    ("django.utils.translation", "gettext"),
    ("django.utils.translation", "pgettext"),
];

/// How much of a class's name an error shows.
const SHOWN: usize = 100;

impl Class {
    pub(super) fn named(module: &[u8], name: &[u8]) -> Result<Self, Problem> {
        match (module, name) {
            (b"django.utils.safestring", b"SafeString") => Ok(Self::SafeString),
            (b"collections", b"OrderedDict") => Ok(Self::OrderedDict),
            (b"builtins" | b"__builtin__", b"getattr") => Ok(Self::GetAttr),
            _ => Self::of_other(module, name).ok_or_else(|| Problem::Class(shown(module, name))),
        }
    }

    fn of_other(module: &[u8], name: &[u8]) -> Option<Self> {
        let is = |known_module: &str, known_name: &str| {
            known_module.as_bytes() == module && known_name.as_bytes() == name
        };
        let foreign = FOREIGN.iter().find(|(module, name, _)| is(module, name));
        let argument = ARGUMENTS.iter().find(|(module, name)| is(module, name));
        foreign
            .map(|(.., called)| Self::Foreign(called))
            .or(argument.map(|_| Self::Argument))
    }
}

/// The full name, if it is one: a hostile pickle may hold anything there, and errors go to logs.
fn shown(module: &[u8], name: &[u8]) -> String {
    let in_names = |byte: &u8| byte.is_ascii_alphanumeric() || b"._".contains(byte);
    let sound = module.len() + name.len() <= SHOWN && module.iter().chain(name).all(in_names);
    if sound {
        let text = String::from_utf8_lossy;
        format!("{}.{}", text(module), text(name))
    } else {
        "a class without a proper name".into()
    }
}
