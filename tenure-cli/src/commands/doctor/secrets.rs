//! The secrets: compared by keyed hashes, so that nobody sees them.

use std::fmt::Write as _;

use tenure::{Secret, Settings, codec::signing::salted_hmac};

use super::report::Report;
use crate::{django::Secrets, site::Site};

/// As in `project.py`.
const SALT: &str = "tenure.doctor";

/// A secret's keyed hash, as `project.py` makes it.
fn hash(secret: &Secret, key: &Secret) -> String {
    let hash = salted_hmac(SALT, secret.as_bytes(), key);
    hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hashes of tenure's own secrets.
pub(super) fn hashes(settings: &Settings, key: &Secret) -> Secrets {
    let fallbacks = settings.secret_key_fallbacks.iter();
    Secrets {
        secret: settings
            .secret_key
            .as_ref()
            .map(|secret| hash(secret, key))
            .unwrap_or_default(),
        fallbacks: fallbacks.map(|secret| hash(secret, key)).collect(),
    }
}

/// Enough of a hash to tell two apart.
fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

pub(super) fn compare(
    django: &Secrets,
    tenure: &Secrets,
    module: &str,
    site: &Site,
    report: &mut Report,
) {
    let name = "SECRET_KEY";
    let sides = [short(&django.secret), short(&tenure.secret)];
    let known =
        |secret: &String, to: &Secrets| *secret == to.secret || to.fallbacks.contains(secret);
    let rotating = known(&django.secret, tenure) && known(&tenure.secret, django);
    if django.secret == tenure.secret {
        report.good(name, sides);
    } else if rotating {
        report.note(
            name,
            sides,
            "the two sign with different secrets, and each accepts the other's as a fallback: right while a secret is being changed",
        );
    } else {
        report.problem(
            name,
            sides,
            "the secrets differ (what is shown are hashes, new in every run), so that neither side accepts what the other has signed: sessions \
             are empty and logins end",
            format!(
                "set {} to the SECRET_KEY of Django's settings {module}; `tenure settings --django` prints it",
                site.place(name)
            ),
        );
    }
    fallbacks(django, tenure, module, site, report);
}

fn fallbacks(django: &Secrets, tenure: &Secrets, module: &str, site: &Site, report: &mut Report) {
    let name = "SECRET_KEY_FALLBACKS";
    let shown = |secrets: &Secrets| {
        let shown: Vec<_> = secrets.fallbacks.iter().map(|hash| short(hash)).collect();
        if shown.is_empty() {
            "none".to_owned()
        } else {
            shown.join(" ")
        }
    };
    let missing = |from: &Secrets, to: &Secrets| {
        let fallbacks = from.fallbacks.iter();
        fallbacks
            .filter(|hash| **hash != to.secret && !to.fallbacks.contains(hash))
            .count()
    };
    let (django_shown, tenure_shown) = (shown(django), shown(tenure));
    let sides = [&*django_shown, &*tenure_shown];
    match (missing(django, tenure), missing(tenure, django)) {
        (0, 0) => report.good(name, sides),
        (0, more) => report.problem(
            name,
            sides,
            format!("tenure accepts {more} older secret(s) that Django does not: such sessions are empty in Django"),
            format!("add them to SECRET_KEY_FALLBACKS in Django's settings {module}, or take them out of {}", site.place(name)),
        ),
        (some, _) => report.problem(
            name,
            sides,
            format!("Django accepts {some} older secret(s) that tenure does not: such sessions are empty in tenure"),
            format!("set {} to the SECRET_KEY_FALLBACKS of Django's settings {module}", site.place(name)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Verdict, *};

    fn secrets(secret: &str, fallbacks: &[&str]) -> Secrets {
        Secrets {
            secret: secret.into(),
            fallbacks: fallbacks.iter().map(|text| (*text).into()).collect(),
        }
    }

    fn verdicts(django: &Secrets, tenure: &Secrets) -> [Verdict; 2] {
        let mut report = Report::default();
        compare(
            django,
            tenure,
            "site.settings",
            &Site::new(None),
            &mut report,
        );
        [report.checks[0].verdict, report.checks[1].verdict]
    }

    #[test]
    fn a_secret_is_the_same_or_both_know_both() {
        use Verdict::{Good, Note, Problem};
        let verdict = |django: (&str, &[&str]), tenure: (&str, &[&str])| {
            verdicts(&secrets(django.0, django.1), &secrets(tenure.0, tenure.1))
        };
        assert_eq!(verdict(("a", &[]), ("a", &[])), [Good, Good]);
        assert_eq!(
            verdict(("a", &["b", "c"]), ("a", &["c", "b"])),
            [Good, Good]
        );
        assert_eq!(verdict(("b", &["a"]), ("a", &["b"])), [Note, Good]);
        assert_eq!(verdict(("b", &["a"]), ("a", &[])), [Problem, Good]);
        assert_eq!(verdict(("a", &["b"]), ("a", &[])), [Good, Problem]);
        assert_eq!(verdict(("a", &[]), ("a", &["b"])), [Good, Problem]);
    }

    #[test]
    fn the_hash_is_that_of_django() {
        // salted_hmac("tenure.doctor", b"a secret", "a key", algorithm="sha256").hexdigest() in Django 5.2.
        let made = hash(&Secret::new("a secret"), &Secret::new("a key"));
        assert_eq!(
            made,
            "64e07cb27e0c196057a077088a342c5ed75f1aee62a9141bab585b6d15cf0131"
        );
    }
}
