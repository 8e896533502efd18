//! `tenure policy`: what the settings mean for those who log in. OWASP's ASVS 5.0 asks a site to have it written down (7.1.1, 7.1.2).

use std::{borrow::Cow, time::Duration};

use serde_json::{Map, Value};
use tenure::{
    Settings,
    settings::{AtMaxSessions, Policy, Transport},
};

use crate::{
    output::{Failure, Out, count},
    site::Site,
};

/// Print how long sessions last, how many there may be, and what guards them
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
For whoever has to know or to approve it: the answer to what an audit asks about sessions. No store is asked.

Examples:
  tenure policy
  TENURE_PROFILE=strict tenure policy --json";

pub(crate) fn run(arguments: &Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let lines = lines(&site.settings()?);
    if arguments.json {
        let object: Map<String, Value> = lines
            .into_iter()
            .map(|(name, text)| (name.replace(' ', "_"), text.into_owned().into()))
            .collect();
        return Ok(writeln!(out, "{}", Value::Object(object))?);
    }
    for (name, text) in lines {
        writeln!(out, "{name:<16}{text}")?;
    }
    Ok(())
}

fn lines(settings: &Settings) -> Vec<(&'static str, Cow<'static, str>)> {
    let mut lines = vec![
        ("engine", settings.engine.clone().into()),
        ("key", key(settings)),
        ("travels", travels(settings).into()),
    ];
    if settings.transports.contains(&Transport::Cookie) {
        lines.push(("cookie", cookie(settings).into()));
    }
    lines.extend([
        ("lifetime", lifetime(settings).into()),
        (
            "idle limit",
            limit(settings.idle_limit, "after the last request"),
        ),
        (
            "absolute limit",
            limit(
                settings.absolute_limit,
                "after the login, however active the session is",
            ),
        ),
        ("remember me", remember(settings).into()),
        ("sessions a user", sessions(settings)),
        ("other browser", elsewhere(settings.bind_user_agent)),
        ("other network", elsewhere(settings.bind_address)),
        ("size", size(settings).into()),
        ("secrets", secrets(settings).into()),
    ]);
    lines
}

fn key(settings: &Settings) -> Cow<'static, str> {
    if settings.engine.ends_with("_cookies") {
        "is the session itself, signed or encrypted".into()
    } else if settings.hash_keys {
        "165 random bits; the store holds its hash".into()
    } else {
        "165 random bits; the store holds it as it is, as Django's does".into()
    }
}

fn travels(settings: &Settings) -> String {
    let ways: Vec<&str> = settings
        .transports
        .iter()
        .map(|transport| match transport {
            Transport::Cookie => "in a cookie",
            Transport::Header => "in a header",
            Transport::Url => "in the URL",
            _ => "in another way",
        })
        .collect();
    ways.join(", ")
}

fn cookie(settings: &Settings) -> String {
    let mut text = settings.cookie_name.clone();
    for (is_set, name) in [
        (settings.cookie_secure, "Secure"),
        (settings.cookie_httponly, "HttpOnly"),
    ] {
        if is_set {
            text.push_str("; ");
            text.push_str(name);
        }
    }
    for (name, value) in [
        ("SameSite", settings.cookie_samesite.as_str()),
        ("Path", settings.cookie_path.as_deref()),
        ("Domain", settings.cookie_domain.as_deref()),
    ] {
        if let Some(value) = value {
            text.push_str("; ");
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
    }
    text
}

fn lifetime(settings: &Settings) -> String {
    let counted = if settings.save_every_request || settings.idle_limit.is_some() {
        "the last request"
    } else {
        "the last change"
    };
    let age = settings
        .idle_limit
        .map_or(settings.cookie_age, |idle| idle.min(settings.cookie_age));
    let mut text = format!("{} after {counted}", duration(age));
    if settings.expire_at_browser_close {
        text.push_str("; the browser forgets it when it closes");
    }
    text
}

fn limit(limit: Option<Duration>, from: &str) -> Cow<'static, str> {
    limit.map_or("none".into(), |limit| {
        format!("{} {from}", duration(limit)).into()
    })
}

fn remember(settings: &Settings) -> String {
    format!(
        "{} after its last use, where the program offers it",
        duration(settings.remember_age)
    )
}

fn sessions(settings: &Settings) -> Cow<'static, str> {
    let listed = if settings.user_sessions {
        "listed"
    } else {
        "not listed"
    };
    match (settings.max_sessions, settings.at_max_sessions) {
        (None, _) => format!("any number, {listed}").into(),
        (Some(most), AtMaxSessions::Refuse) => {
            format!("{most}, {listed}; a further login is refused").into()
        }
        (Some(most), _) => format!("{most}, {listed}; a further login ends the oldest").into(),
    }
}

fn elsewhere(policy: Policy) -> Cow<'static, str> {
    match policy {
        Policy::Off => "is not noticed",
        Policy::Report => "is reported",
        Policy::Ask => "has to log in again",
        Policy::End => "ends the session",
        _ => "is noticed",
    }
    .into()
}

fn size(settings: &Settings) -> String {
    let bytes = u64::try_from(settings.max_size).unwrap_or(u64::MAX);
    let bytes = format!("at most {}", count(bytes, "byte"));
    settings.max_keys.map_or(bytes.clone(), |keys| {
        let keys = u64::try_from(keys).unwrap_or(u64::MAX);
        format!("{bytes} and {}", count(keys, "key"))
    })
}

fn secrets(settings: &Settings) -> String {
    let fallbacks = u64::try_from(settings.secret_key_fallbacks.len()).unwrap_or(u64::MAX);
    match fallbacks {
        0 => "SECRET_KEY alone".into(),
        _ => format!(
            "SECRET_KEY; {} still accepted",
            count(fallbacks, "older one")
        ),
    }
}

/// Exact, in the largest unit that it is a whole number of.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length))
        .map_or_else(
            || count(seconds, "second"),
            |(length, unit)| count(seconds / length, unit),
        )
}
