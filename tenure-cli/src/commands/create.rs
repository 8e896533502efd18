//! `tenure create`: a new session.

use std::{
    io::Read as _,
    time::{Duration, SystemTime},
};

use tenure::{
    Data, Expiry, Json, Record, SessionKey, Sessions, StoreError, store::Created,
    system::OperatingSystem,
};

use crate::{
    output::{Failure, Out, note},
    site::Site,
    time,
};

/// The key under which Django keeps a session's own expiry.
const EXPIRY: &str = "_session_expiry";

/// Make a session and print its key
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// What the session holds: a JSON object, or `-` for standard input
    #[arg(
        long,
        value_name = "JSON",
        default_value = "{}",
        hide_default_value = true
    )]
    data: String,
    /// End the session this long after the visitor's last request
    #[arg(long, value_name = "SECONDS", group = "expiry", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    expire_in: Option<u64>,
    /// End the session at this moment: ISO 8601, in UTC unless the date has an offset
    #[arg(long, value_name = "DATE", group = "expiry", value_parser = time::parse)]
    expire_at: Option<SystemTime>,
    /// Let the visitor's cookie go when the browser closes
    #[arg(long, group = "expiry")]
    browser_close: bool,
}

const HELP: &str = "\
The key alone goes to standard output. It is a credential: whoever has it has the session.
JSON is read as Python reads it, so NaN and integers of any size are kept. Without an option for its end, the session ends as \
SESSION_COOKIE_AGE says.

Examples:
  tenure create --data '{\"cart\": [1, 2]}'
  tenure create --expire-in 3600
  tenure create --expire-at 2030-12-31T23:59:59+02:00
  tenure create --data - < session.json";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let mut data = parse(&read(&arguments.data)?)?;
    let (sessions, _) = site.open().await?;
    let expires_at = set_expiry(&sessions, &mut data, arguments.expiry()).await?;
    if expires_at <= SystemTime::now() {
        note("the session has ended already: its date has passed");
    }
    let record = Record::new(data, expires_at);
    // A key that is taken is as good as impossible; a store that says so again and again is broken.
    for _ in 0..3 {
        let key = SessionKey::generate(&OperatingSystem)?;
        let key = match sessions.store().create(&key, &record).await? {
            Created::Created(_) => key,
            // The session itself, as the visitor's cookie holds it.
            Created::Rekeyed(key) => key,
            Created::Taken => continue,
        };
        return Ok(writeln!(out, "{}", key.as_str())?);
    }
    Err(StoreError::unavailable("it takes no new key", "three random keys were in use").into())
}

impl Arguments {
    fn expiry(&self) -> Option<Expiry> {
        let after = self
            .expire_in
            .map(|seconds| Duration::from_secs(seconds).into());
        let at = self.expire_at.map(Expiry::from);
        after
            .or(at)
            .or(self.browser_close.then_some(Expiry::BrowserClose))
    }
}

fn read(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    match std::io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::usage(format!(
            "standard input cannot be read: {error}"
        ))),
    }
}

fn parse(text: &str) -> Result<Data, Failure> {
    let wrong = |problem: String| Failure::usage(format!("--data {problem}"));
    // `Json` knows that the argument is UTF-8, `Data` takes bytes as Django stores them. But `Json` counts in what it makes of it.
    let json = Json::parse(text).map_err(|error| {
        let error = Data::from_json(text.as_bytes()).err().unwrap_or(error);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        wrong(format!(
            "is not JSON: {}",
            cause.unwrap_or_else(|| error.to_string())
        ))
    })?;
    crate::json::as_data(&json)
        .ok_or_else(|| wrong("is not a JSON object, such as {\"cart\": [1, 2]}".into()))
}

/// Writes the expiry into the data, as Django keeps it, and tells when the session ends.
async fn set_expiry(
    sessions: &Sessions,
    data: &mut Data,
    expiry: Option<Expiry>,
) -> Result<SystemTime, Failure> {
    // A session that is never saved: it knows how an expiry is written, and what the settings make of it.
    let session = sessions.new_session().load().await?;
    match expiry {
        Some(expiry) => {
            session.set_expiry(expiry)?;
            if let Some(text) = session.get_json(EXPIRY) {
                data.insert(EXPIRY, Json::parse(&text).map_err(Failure::refused)?);
            }
        }
        // The data may bring its own. What cannot be read counts as none.
        None => {
            if let Ok(Some(own)) = data.get::<serde_json::Value>(EXPIRY) {
                session.insert(EXPIRY, own)?;
            }
        }
    }
    Ok(session.expiry_date())
}
