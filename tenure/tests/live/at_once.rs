//! Both sides at one session at once, in a forced order.
//!
//! Django loads at the first look and writes the whole session at the end of its request; tenure compares, and does its changes again on
//! what is there. So what tenure finds, it keeps, whoever wrote it. What it has written, a Django that had loaded before overwrites: Django's
//! doing, which no other program can change.

use serde_json::{Value as Json, json};
use tenure::{Session, SessionError};

use crate::site::Site;

const SESSIONS: usize = 20;

/// Requests of both sides under way, on the same sessions.
struct Both<'a> {
    site: &'a mut Site,
    keys: Vec<Json>,
    ours: Vec<Session>,
}

impl<'a> Both<'a> {
    fn begin(site: &'a mut Site) -> Self {
        let session = json!({"data": r#"{"before":1,"count":10}"#, "expiry": null});
        let keys = site.ask_all(
            "save_many",
            "sessions",
            &json!(vec![session; SESSIONS]),
            "keys",
        );
        Self {
            site,
            keys,
            ours: Vec::new(),
        }
    }

    fn django_loads(&mut self) {
        self.site
            .django
            .ask(&json!({"op": "begin_many", "keys": self.keys}));
    }

    /// Django sets this name to 2, and answers.
    fn django_saves(&mut self, name: &str) -> Vec<Json> {
        let changes = json!(vec![json!({"set": {name: "2"}}); SESSIONS]);
        self.site
            .ask_all("finish_many", "changes", &changes, "raised")
    }

    fn tenure_loads(&mut self) {
        let work = async |sessions: &tenure::Sessions, key: Json| {
            sessions
                .session(key.as_str().unwrap())
                .load()
                .await
                .unwrap()
        };
        self.ours = self.site.at_once(self.keys.clone(), work);
    }

    /// Each of tenure's requests does this, and saves.
    fn tenure_saves(
        &mut self,
        change: impl Fn(&Session) + 'static,
    ) -> Vec<Result<(), SessionError>> {
        self.site.at_once(
            self.ours.clone(),
            async move |_: &tenure::Sessions, session: Session| {
                change(&session);
                session.save().await
            },
        )
    }

    /// What is there in the end is the same on both sides, and this.
    fn ends_with(self, order: &str, expected: Option<&str>) {
        let Self { site, keys, .. } = self;
        let records = site.records(&keys);
        let seen = site.ask_all("look_at_many", "keys", &json!(keys), "sessions");
        for (record, seen) in records.iter().zip(&seen) {
            let ours = record.as_ref().map(|record| record.data.to_json());
            site.same(
                &format!("{order}: tenure sees"),
                &ours.as_deref(),
                &expected,
            );
            let theirs = seen["exists"]
                .as_bool()
                .unwrap()
                .then(|| seen["data"].as_str().unwrap());
            site.same(&format!("{order}: Django sees"), &theirs, &expected);
        }
    }
}

fn set_ours(session: &Session) {
    session.insert("tenure", 3).unwrap();
}

pub(crate) fn nothing_is_lost(site: &mut Site) {
    if site.place.engine == "signed_cookies" {
        // Nothing is shared: the browser keeps the cookie of the last response.
        return;
    }
    changes_to_different_keys(site);
    counting_up(site);
    endings(site);
}

fn changes_to_different_keys(site: &mut Site) {
    let all = r#"{"before":1,"count":10,"django":2,"tenure":3}"#;
    let order = "tenure loads, Django loads, Django saves, tenure saves";
    let mut both = Both::begin(site);
    both.tenure_loads();
    both.django_loads();
    both.django_saves("django");
    both.tenure_saves(set_ours);
    both.ends_with(order, Some(all));

    let order = "tenure loads, Django loads and saves and deletes a key, tenure saves";
    let mut both = Both::begin(site);
    both.tenure_loads();
    let steps: Vec<_> = both
        .keys
        .iter()
        .map(|key| json!({"key": key, "delete": ["before"]}))
        .collect();
    both.site
        .ask_all("change_many", "changes", &json!(steps), "keys");
    both.tenure_saves(set_ours);
    both.ends_with(order, Some(r#"{"count":10,"tenure":3}"#));

    let order = "tenure loads, tenure saves, Django loads, Django saves";
    let mut both = Both::begin(site);
    both.tenure_loads();
    both.tenure_saves(set_ours);
    both.django_loads();
    both.django_saves("django");
    both.ends_with(
        order,
        Some(r#"{"before":1,"count":10,"tenure":3,"django":2}"#),
    );

    // Here Django overwrites: it knows nothing of what was written since it loaded.
    let order = "Django loads, tenure loads, tenure saves, Django saves";
    let mut both = Both::begin(site);
    both.django_loads();
    both.tenure_loads();
    both.tenure_saves(set_ours);
    both.django_saves("django");
    both.ends_with(order, Some(r#"{"before":1,"count":10,"django":2}"#));
}

fn counting_up(site: &mut Site) {
    let order = "tenure counts up by `update`, Django sets the counter meanwhile";
    let mut both = Both::begin(site);
    both.tenure_loads();
    both.django_loads();
    both.django_saves("count");
    both.tenure_saves(|session| {
        session
            .update("count", |count: Option<u32>| count.unwrap_or(0) + 1)
            .unwrap();
    });
    both.ends_with(order, Some(r#"{"before":1,"count":3}"#));
}

/// A session that one side ends is not brought back by the other.
fn endings(site: &mut Site) {
    let update_error = json!("UpdateError");
    let order = "Django loads, tenure ends it, Django saves";
    let mut both = Both::begin(site);
    both.django_loads();
    both.tenure_loads();
    let work = async |_: &tenure::Sessions, session: Session| session.flush().await.unwrap();
    both.site.at_once(both.ours.clone(), work);
    for raised in both.django_saves("django") {
        both.site.same(order, &raised, &update_error);
    }
    both.ends_with(order, None);

    let order = "tenure loads, Django ends it, tenure saves";
    let mut both = Both::begin(site);
    both.tenure_loads();
    for key in &both.keys {
        both.site.django.ask(&json!({"op": "delete", "key": key}));
    }
    for saved in both.tenure_saves(set_ours) {
        let interrupted = matches!(saved, Err(SessionError::Interrupted));
        both.site
            .check(interrupted, || format!("{order}: {saved:?}"));
    }
    both.ends_with(order, None);

    let order = "Django loads, tenure gives it a new key, Django saves under the old one";
    let mut both = Both::begin(site);
    both.django_loads();
    both.tenure_loads();
    let work = async |_: &tenure::Sessions, session: Session| {
        session.insert("tenure", 3).unwrap();
        session.cycle_key().await.unwrap();
        Json::from(session.key().unwrap().as_str())
    };
    let new = both.site.at_once(both.ours.clone(), work);
    for raised in both.django_saves("django") {
        both.site.same(order, &raised, &update_error);
    }
    let old = std::mem::replace(&mut both.keys, new);
    let there = both.site.ask_all("are_there", "keys", &json!(old), "there");
    both.site.same(order, &there, &vec![json!(false); SESSIONS]);
    both.ends_with(order, Some(r#"{"before":1,"count":10,"tenure":3}"#));
}
