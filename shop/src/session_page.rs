//! The visitor's own session, shown to its owner.

use axum::response::Response;
use minijinja::{context, value::Serde};
use serde::Serialize;
use tenure::Session;

use crate::{
    error::Failure,
    expiry::Kind,
    render::{self, Page},
};

/// Values that may stand on a page. All others may be credentials, such as the hash of a login or a CSRF token, so this names what is
/// shown and not what is hidden.
const SHOWN: [&str; 3] = ["cart", "theme", "_session_expiry"];

#[derive(Debug, Serialize)]
struct Entry {
    key: String,
    bytes: usize,
    purpose: &'static str,
    value: Option<String>,
}

fn purpose(key: &str) -> &'static str {
    match key {
        "cart" => "What you want to buy",
        "theme" => "The theme you chose",
        "_session_expiry" => "The expiry you chose",
        "_auth_user_id" => "Who you are",
        "_auth_user_backend" => "How you logged in",
        "_csrftoken" => "Makes sure that your forms are the shop’s",
        "_auth_user_hash" => "Ends this login when your password changes",
        "_tenure_family" => "Remembers you in this browser",
        _ => "Not the shop’s: another program put it there",
    }
}

fn entries(session: &Session) -> Vec<Entry> {
    session
        .iter()
        // Shown for the last time on this very page, and gone with it.
        .filter(|(key, _)| key != render::FLASH)
        .map(|(key, json)| Entry {
            bytes: json.len(),
            purpose: purpose(&key),
            value: SHOWN.contains(&&*key).then_some(json),
            key,
        })
        .collect()
}

/// Bytes of the whole as one JSON object: braces, and per entry two quotes and a colon, and commas between.
fn total(entries: &[Entry]) -> usize {
    let each: usize = entries
        .iter()
        .map(|entry| entry.key.len() + entry.bytes + 3)
        .sum();
    each + 2 + entries.len().saturating_sub(1)
}

/// A number of seconds as people say it, rounded: `14 days`.
pub(crate) fn in_words(seconds: i64) -> String {
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    let (count, unit) = match seconds {
        172_800.. => (rounded(86_400), "days"),
        7_200.. => (rounded(3_600), "hours"),
        120.. => (rounded(60), "minutes"),
        _ => (seconds, "seconds"),
    };
    format!("{count} {unit}")
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    let session = page.session();
    let entries = entries(session);
    let total_bytes = total(&entries);
    let ends = jiff::Timestamp::try_from(session.expiry_date())
        .map(|date| date.strftime("%-d %B %Y, %H:%M:%S UTC").to_string())
        .unwrap_or_default();
    let age = session.expiry_age();
    let context = context! {
        entries => Serde(&entries),
        total_bytes,
        ends,
        stored => session.key().is_some(),
        expiry => Serde(Kind::of(session)),
        age,
        age_words => in_words(age),
        engine => session.engine(),
    };
    page.at("/session")
        .private()
        .render("session.html", context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn credentials_are_not_shown() {
        let session = tenure::testing::session().await;
        session.insert("_auth_user_hash", "c0ffee").unwrap();
        session.insert("_csrftoken", "c0ffee").unwrap();
        session.insert("theme", "dark").unwrap();
        let entries = entries(&session);
        assert_eq!(entries.len(), 3);
        assert!(!format!("{entries:?}").contains("c0ffee"));
        assert!(format!("{entries:?}").contains("dark"));
    }

    #[test]
    fn ages_are_said_in_the_largest_unit_that_fits() {
        assert_eq!(in_words(1_209_600), "14 days");
        assert_eq!(in_words(86_399), "24 hours");
        assert_eq!(in_words(1_800), "30 minutes");
        assert_eq!(in_words(59), "59 seconds");
    }

    #[tokio::test]
    async fn the_total_is_the_length_of_the_whole() {
        let session = tenure::testing::session().await;
        assert_eq!(total(&entries(&session)), "{}".len());
        session.insert("theme", "dark").unwrap();
        session.insert("visits", 3).unwrap();
        assert_eq!(
            total(&entries(&session)),
            r#"{"theme":"dark","visits":3}"#.len()
        );
    }
}
