//! `tenure decode`: what a signed value holds, and whether it is genuine.

use std::{
    io::Read as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tenure::{
    CodecError, Json, Secret, Settings,
    codec::{SignedJson, signing::Signer},
};

use crate::{
    json,
    output::{Failure, Out},
    site::Site,
    time,
};

/// The salts of Django's engines: that of tables and files, and that of cookies.
const SALTS: [&str; 2] = [
    "django.contrib.sessions.SessionStore",
    "django.contrib.sessions.backends.signed_cookies",
];

/// Show what a value in Django's signed form holds
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The value: a row's `session_data`, or a cookie of the engine `signed_cookies` [default: standard input]
    value: Option<String>,
    /// The salt that it was signed with [default: those of Django's session engines]
    #[arg(long)]
    salt: Option<String>,
    /// Print one JSON object: `valid`, `data` (null if it cannot be decoded), `signed_at`, `secret`, `salt`, `compressed` and `error`
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
The content is shown also if the signature does not hold; anybody may have written it then. The exit code is 0 if the value is valid and \
1 if it is not. Arguments can be seen by other users of the machine: standard input cannot.

Examples:
  sqlite3 db.sqlite3 'select session_data from django_session limit 1' | tenure decode
  tenure decode --salt newsletter 'ImFkYSI:1qZ…'";

/// What could be found out.
struct Finding<'a> {
    /// Which secret has signed it, with which salt.
    signed: Option<(String, &'a str)>,
    signed_at: Option<SystemTime>,
    compressed: bool,
    data: Result<Json, CodecError>,
}

pub(crate) fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let settings = site.settings()?;
    let value = match arguments.value {
        Some(value) => value,
        None => from_input()?,
    };
    if value.is_empty() {
        return Err(Failure::usage(
            "there is nothing to decode: give a value, or write it to standard input",
        ));
    }
    let salts = arguments.salt.as_deref();
    let salts = salts.as_ref().map_or(&SALTS[..], std::slice::from_ref);
    let finding = find(&value, salts, &settings);
    if arguments.json {
        finding.write_json(out)?;
    } else {
        finding.write(out)?;
    }
    if finding.valid() {
        Ok(())
    } else {
        Err(Failure::Said)
    }
}

fn from_input() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
        }
        Err(error) => Err(Failure::usage(format!(
            "standard input cannot be read: {error}"
        ))),
    }
}

fn find<'a>(value: &str, salts: &[&'a str], settings: &Settings) -> Finding<'a> {
    let current = settings
        .secret_key
        .iter()
        .map(|secret| ("SECRET_KEY".to_owned(), secret));
    let fallbacks = settings.secret_key_fallbacks.iter().enumerate();
    let fallbacks =
        fallbacks.map(|(index, secret)| (format!("SECRET_KEY_FALLBACKS[{index}]"), secret));
    let signed = current.chain(fallbacks).find_map(|(name, secret)| {
        let salt = salts
            .iter()
            .find(|salt| Signer::new(salt, secret, &[]).unsign(value).is_ok())?;
        Some((name, secret, *salt))
    });
    let data = match &signed {
        Some((_, secret, salt)) => read(value, salt, secret, settings.max_size),
        None => unverified(value, settings.max_size),
    };
    let mut parts = value.split(':');
    Finding {
        compressed: parts.next().is_some_and(|body| body.starts_with('.')),
        signed_at: parts.next().and_then(timestamp),
        signed: signed.map(|(name, _, salt)| (name, salt)),
        data,
    }
}

/// What a value holds that is signed with this secret.
fn read(value: &str, salt: &str, secret: &Secret, limit: usize) -> Result<Json, CodecError> {
    match Signer::new(salt, secret, &[]).loads(value, None, UNIX_EPOCH) {
        // The signer has a limit of its own; a session may be larger if the settings say so.
        Err(CodecError::TooLarge { .. }) => {
            let codec = SignedJson::with_salt(salt, secret, &[]).inflate_limit(limit);
            Json::parse(&codec.decode(value)?.to_json())
        }
        answer => answer,
    }
}

/// What a value claims to hold, whoever has signed it. Its end may be missing.
pub(super) fn unverified(value: &str, limit: usize) -> Result<Json, CodecError> {
    // Signed anew, with a secret that means nothing, so that it is read by the library's rules and within its limits.
    let (salt, secret) = ("tenure decode", Secret::new("not a secret"));
    let body = value.split(':').next().unwrap_or_default();
    let signed = Signer::new(salt, &secret, &[]).sign(&format!("{body}:0"));
    read(&signed, salt, &secret, limit)
}

/// When a value was signed: seconds of Unix time, in the digits `0-9A-Za-z`.
fn timestamp(text: &str) -> Option<SystemTime> {
    let seconds = text.bytes().try_fold(0_u64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        value.checked_mul(62)?.checked_add(digit.into())
    })?;
    // The end of the year 9999: what comes later was not signed by a clock.
    (!text.is_empty() && seconds < 253_402_300_800)
        .then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

impl Finding<'_> {
    fn valid(&self) -> bool {
        self.signed.is_some() && self.data.is_ok()
    }

    fn write(&self, out: Out<'_>) -> std::io::Result<()> {
        match &self.signed {
            Some((secret, salt)) => {
                writeln!(out, "signature:   valid, made with {secret}")?;
                writeln!(out, "salt:        {salt}")?;
            }
            None => writeln!(
                out,
                "signature:   NOT VALID with SECRET_KEY or a fallback: altered, or made with another secret or salt"
            )?,
        }
        let signed_at = self
            .signed_at
            .map(|at| time::for_people(at, SystemTime::now()));
        writeln!(
            out,
            "signed:      {}",
            signed_at
                .as_deref()
                .unwrap_or("at no time that could be read")
        )?;
        writeln!(
            out,
            "compressed:  {}",
            if self.compressed { "yes" } else { "no" }
        )?;
        match &self.data {
            Ok(value) => {
                if self.signed.is_none() {
                    writeln!(out, "content, NOT VERIFIED (anybody may have written it):")?;
                }
                json::write_value(value, out)
            }
            Err(error) => writeln!(out, "content:     cannot be decoded: {error}"),
        }
    }

    fn write_json(&self, out: Out<'_>) -> std::io::Result<()> {
        let optional = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), json::text);
        let (secret, salt) = self
            .signed
            .as_ref()
            .map(|(secret, salt)| (&**secret, *salt))
            .unzip();
        let error = match (&self.signed, &self.data) {
            (None, _) => Some("the signature does not match".to_owned()),
            (_, Err(error)) => Some(error.to_string()),
            _ => None,
        };
        writeln!(
            out,
            r#"{{"valid": {}, "secret": {}, "salt": {}, "signed_at": {}, "compressed": {}, "error": {}, "data": {}}}"#,
            self.valid(),
            optional(secret),
            optional(salt),
            optional(self.signed_at.map(time::iso).as_deref()),
            self.compressed,
            optional(error.as_deref()),
            self.data.as_ref().map_or("null", Json::as_str),
        )
    }
}
