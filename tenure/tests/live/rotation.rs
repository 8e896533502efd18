//! `SECRET_KEY` is replaced, on one side after the other; nobody is logged out.
//!
//! The way that Django's documentation shows, with one step for two sides: whoever is not rotated yet must know the new secret too, as a
//! fallback.

use serde_json::{Value, json};
use tenure::{Secret, Settings};

use crate::{
    service::Service,
    site::{SECRET, Site},
    visitor::Visitor,
};

const NEW: &str = "the secret of next year, which has more than 32 characters too";

/// What one side knows.
#[derive(Clone, Copy)]
pub(crate) enum Secrets {
    OldThenNew,
    NewThenOld,
    New,
}

impl Secrets {
    fn both(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::OldThenNew => (SECRET, &[NEW]),
            Self::NewThenOld => (NEW, &[SECRET]),
            Self::New => (NEW, &[]),
        }
    }

    pub(crate) fn of_tenure(self, settings: &Settings) -> Settings {
        let (secret, fallbacks) = self.both();
        let mut settings = settings.clone();
        settings.secret_key = Some(Secret::new(secret));
        settings.secret_key_fallbacks = fallbacks
            .iter()
            .map(|&secret| Secret::new(secret))
            .collect();
        settings
    }

    /// What the driver is asked, so that Django has them.
    pub(crate) fn of_django(self) -> Value {
        let (secret, fallbacks) = self.both();
        let values = json!({"SECRET_KEY": secret, "SECRET_KEY_FALLBACKS": fallbacks});
        json!({"op": "set_settings", "values": values})
    }
}

pub(crate) fn logs_nobody_out(site: &mut Site) {
    use Secrets::{New, NewThenOld, OldThenNew};
    let django = site.serve();
    for first in ["Django", "tenure"] {
        site.django.ask(&json!({"op": "set_settings", "values": {"SECRET_KEY": SECRET, "SECRET_KEY_FALLBACKS": []}}));
        let login = site.django.ask(&json!({"op": "login", "username": "bob"}));
        let mut visitor = Visitor::with(&login["key"]);
        let between = if first == "Django" {
            (NewThenOld, OldThenNew)
        } else {
            (OldThenNew, NewThenOld)
        };
        let steps = [
            (OldThenNew, OldThenNew),
            between,
            (NewThenOld, NewThenOld),
            (New, New),
        ];
        for (number, (theirs, ours)) in steps.into_iter().enumerate() {
            site.django.ask(&theirs.of_django());
            let settings = ours.of_tenure(&site.settings);
            let rust = site.runtime.block_on(Service::with_users(settings));
            // Each side meets what the other one has just written.
            for round in 0..2 {
                for (address, path) in [(&rust.address, "/"), (&django, "/account/")] {
                    let body = visitor.get(address, path).body;
                    let what =
                        format!("{first} first, step {number}, round {round}: {path}: {body}");
                    site.check(body.contains("Hello, bob!"), || what);
                }
                let value = format!("{number}{round}");
                visitor.get(&rust.address, &format!("/remember/step/{value}"));
                let body = visitor.get(&django, "/recall/step/").body;
                site.same("what tenure kept", &body, &value);
            }
        }
    }
}
