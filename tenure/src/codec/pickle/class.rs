//! The few Python classes whose values are plain data.

use super::problem::Problem;

/// A class that may stand in a pickle. No code of theirs is run: what they hold is read as the plain value that JSON makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Django's text that needs no escaping in a template. It gets into sessions with whatever a form or a translation gave.
    SafeString,
    /// A dict; Django's own code has put it into sessions.
    OrderedDict,
}

/// How much of a class's name an error shows.
const SHOWN: usize = 100;

impl Class {
    pub(super) fn named(module: &[u8], name: &[u8]) -> Result<Self, Problem> {
        match (module, name) {
            (b"django.utils.safestring", b"SafeString") => Ok(Self::SafeString),
            (b"collections", b"OrderedDict") => Ok(Self::OrderedDict),
            _ => Err(Problem::Class(shown(module, name))),
        }
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
