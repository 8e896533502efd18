//! One site: a Django and a tenure that know the same settings.

use std::{
    any::Any,
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};
use tenure::{Record, SessionKey, Sessions, Settings};
use testkit::Django;
use tokio::{runtime::Runtime, task::LocalSet};

pub(crate) const SECRET: &str = "a secret for tests alone, never for a site that visitors use";

/// Where both sides keep their sessions, as each of them has to be told.
pub(crate) struct Place {
    /// For whoever reads the output.
    pub(crate) name: &'static str,
    /// `SESSION_ENGINE`, without Django's path.
    pub(crate) engine: &'static str,
    /// `DATABASES["default"]` for tenure and for Django. It holds the users too.
    pub(crate) url: String,
    pub(crate) database: Value,
    /// Further settings, the same for both.
    pub(crate) settings: Value,
    /// The most bytes of JSON that a session may have.
    pub(crate) max_size: usize,
    /// What must live as long as the site.
    pub(crate) _keep: Box<dyn Any>,
}

impl Place {
    /// The settings that a user of tenure would write, as a `tenure.toml`.
    pub(crate) fn toml(&self) -> String {
        let mut all = self.settings.clone();
        all["SECRET_KEY"] = SECRET.into();
        all["SESSION_ENGINE"] = self.backend().into();
        all["DATABASES"] = json!({"default": {"URL": self.url}});
        // Machines that run tests are busy.
        all["TENURE_STORE_TIMEOUT"] = 30.into();
        toml::to_string(&all).unwrap()
    }

    fn backend(&self) -> String {
        format!("django.contrib.sessions.backends.{}", self.engine)
    }

    fn django(&self) -> Django {
        let mut further = self.settings.clone();
        further["CSRF_USE_SESSIONS"] = true.into();
        further["MESSAGE_STORAGE"] =
            "django.contrib.messages.storage.session.SessionStorage".into();
        Django::start([
            ("DJANGO_SECRET_KEY", SECRET.to_owned()),
            ("SESSION_ENGINE", self.backend()),
            ("DJANGO_DATABASE", self.database.to_string()),
            ("DJANGO_FURTHER_SETTINGS", further.to_string()),
            ("DJANGO_PASSWORD_HASHERS", r#"["hashers.Quick"]"#.to_owned()),
        ])
    }
}

pub(crate) struct Site {
    pub(crate) place: Place,
    pub(crate) settings: Settings,
    pub(crate) sessions: Sessions,
    pub(crate) django: Django,
    pub(crate) runtime: Runtime,
    tally: Tally,
}

/// What was looked at, and what was not as it should be.
#[derive(Default)]
struct Tally {
    /// That one side made and the other one read.
    sessions: usize,
    comparisons: u64,
    mismatches: u64,
    times: Vec<(&'static str, Duration)>,
}

impl Site {
    pub(crate) fn open(place: Place) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let started = Instant::now();
        let mut django = place.django();
        django.ask(&json!({"op": "migrate"}));
        let settings = Settings::from_toml(&place.toml()).unwrap();
        let sessions = runtime.block_on(Sessions::open(settings.clone())).unwrap();
        let times = vec![("start", started.elapsed())];
        Self {
            place,
            settings,
            sessions,
            django,
            runtime,
            tally: Tally {
                times,
                ..Tally::default()
            },
        }
    }

    /// Lets Django answer HTTP, at this address.
    pub(crate) fn serve(&mut self) -> String {
        let answer = self.django.ask(&json!({"op": "serve"}));
        answer["address"].as_str().unwrap().to_owned()
    }

    /// So many sessions more go from one side to the other.
    pub(crate) fn count_sessions(&mut self, count: usize) {
        self.tally.sessions += count;
    }

    /// One more comparison: `right`, or what is wrong.
    pub(crate) fn check(&mut self, right: bool, wrong: impl FnOnce() -> String) {
        self.tally.comparisons += 1;
        if !right {
            // At once, since the test may not come to its end.
            eprintln!("mismatch: {}", wrong());
            self.tally.mismatches += 1;
        }
    }

    /// One more comparison: both are the same.
    #[track_caller]
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, left: &T, right: &T) {
        let line = std::panic::Location::caller();
        self.check(left == right, || {
            format!("{what} ({line}):\n  {}\n  {}", short(left), short(right))
        });
    }

    /// Does a part of the test, and keeps the time.
    pub(crate) fn part(&mut self, name: &'static str, part: impl FnOnce(&mut Self)) {
        let started = Instant::now();
        part(self);
        self.tally.times.push((name, started.elapsed()));
    }

    /// Says what was found; fails unless all was right.
    pub(crate) fn finish(self) {
        let Tally {
            sessions,
            comparisons,
            mismatches,
            times,
        } = self.tally;
        let times: Vec<_> = times
            .iter()
            .map(|(name, time)| format!("{name} {:.1} s", time.as_secs_f64()))
            .collect();
        println!(
            "live: {}: {sessions} sessions, {comparisons} comparisons, {mismatches} mismatches ({})",
            self.place.name,
            times.join(", ")
        );
        assert_eq!(mismatches, 0, "they are listed above");
    }

    /// Asks Django about many sessions at once.
    pub(crate) fn ask_all(
        &mut self,
        op: &str,
        name: &str,
        what: &Value,
        answer: &str,
    ) -> Vec<Value> {
        let asked = self.django.ask(&json!({"op": op, name: what}));
        asked[answer].as_array().unwrap().clone()
    }

    /// What stands in the store for tenure, alive or not.
    pub(crate) fn records(&self, keys: &[Value]) -> Vec<Option<Record>> {
        self.at_once(keys.to_vec(), async |sessions, key| {
            let key = SessionKey::parse(key.as_str().unwrap()).unwrap();
            sessions.store().load(&key).await.unwrap()
        })
    }

    /// Does some work of tenure's for each item, several at a time; gives the answers in the same order.
    pub(crate) fn at_once<T: 'static, R: 'static>(
        &self,
        items: Vec<T>,
        work: impl AsyncFn(&Sessions, T) -> R + 'static,
    ) -> Vec<R> {
        const TASKS: usize = 8;
        let (work, size) = (Rc::new(work), items.len().div_ceil(TASKS).max(1));
        let mut items = items.into_iter().peekable();
        let (local, mut tasks) = (LocalSet::new(), Vec::new());
        while items.peek().is_some() {
            let (work, sessions) = (Rc::clone(&work), self.sessions.clone());
            let some: Vec<T> = items.by_ref().take(size).collect();
            tasks.push(local.spawn_local(async move {
                let mut done = Vec::new();
                for item in some {
                    done.push(work(&sessions, item).await);
                }
                done
            }));
        }
        self.runtime.block_on(local.run_until(async {
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.unwrap());
            }
            all
        }))
    }
}

fn short(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.chars().take(600).collect()
}

/// Seconds between two moments.
pub(crate) fn apart(left: SystemTime, right: SystemTime) -> f64 {
    left.duration_since(right)
        .unwrap_or_else(|error| error.duration())
        .as_secs_f64()
}
