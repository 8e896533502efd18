//! The contract of a [store](crate::store) as a test suite: every rule a named case, against a store of your own.
//!
//! One line makes a test that runs them all:
//!
//! ```
//! use tenure::testing::MemoryStore;
//!
//! tenure::conformance!(my_store_keeps_the_contract, async |_settings| {
//!     // A fresh, empty store, and whatever has to live as long as it: a server, a temporary folder.
//!     (MemoryStore::default(), ())
//! });
//! ```
//!
//! The output names each case, passed, failed, or "does not apply" with the reason: which rules a store is held to follows from its
//! [`Powers`](crate::store::Powers). A case that fails says what was done, what came and what should have come.
//!
//! Interleavings are forced, not hoped for: one request is stopped at each point where it waits, another one runs from its beginning to
//! its end, and the first one goes on. So a store that reads, thinks and then writes does not get through.
//!
//! What the suite cannot do from outside is to break the store's server. [`outage`] is the rule for that: it is given the means to break
//! and to heal.

mod case;
mod create;
mod data;
mod dead;
mod delete;
mod drops;
mod expiry;
mod keys;
mod lost;
mod many;
mod outage;
mod rename;
mod report;
mod request;
mod save;
mod scan;
mod stage;
mod story;
#[cfg(test)]
mod tests;
mod touch;

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
    time::{Duration, SystemTime},
};

use self::case::{Bench, Case, Stop};
pub use self::{
    outage::{Broken, Failed, outage},
    report::{Report, Verdict},
};
use crate::{
    settings::Settings,
    store::{SessionStore, Store},
    testing,
};

/// The cases, by topic.
const TOPICS: [&[Case]; 14] = [
    create::CASES,
    data::CASES,
    keys::CASES,
    save::CASES,
    delete::CASES,
    rename::CASES,
    touch::CASES,
    expiry::CASES,
    scan::CASES,
    drops::CASES,
    many::CASES,
    lost::CASES,
    dead::CASES,
    story::CASES,
];

/// How often a case about lost updates lets two requests meet; those about the dead do it ten times as often, in two roles.
const ROUNDS: u32 = 1000;
/// How long one case may take: a store that hangs fails, and the rest goes on.
const PATIENCE: Duration = Duration::from_mins(3);

/// One handle on a place where sessions are kept, or two independent ones.
///
/// Two handles are what two processes would have: connections, caches and locks of their own. With one, the cases that are about two
/// handles use it twice.
///
/// ```
/// # async fn example(settings: &tenure::Settings) -> Result<(), tenure::engine::OpenError> {
/// use tenure::{conformance::Handles, engine::db::SqliteStore};
///
/// fn handles(_: impl Handles) {}
///
/// let (one, other) = (SqliteStore::open(settings).await?, SqliteStore::open(settings).await?);
/// handles([one, other]);
/// # Ok(())
/// # }
/// ```
pub trait Handles {
    /// Both, behind the deadline.
    fn stores(self, deadline: Duration) -> [Store; 2];
}

impl<S: SessionStore> Handles for S {
    fn stores(self, deadline: Duration) -> [Store; 2] {
        let store = Store::new(self, deadline);
        [store.clone(), store]
    }
}

impl<S: SessionStore> Handles for [S; 2] {
    fn stores(self, deadline: Duration) -> [Store; 2] {
        self.map(|store| Store::new(store, deadline))
    }
}

/// Runs every case against the store that `factory` makes, in a runtime of its own, and tells what became of them.
///
/// `factory` is called once, with [`testing::settings`], and gives a store that nobody else uses: one, or two
/// handles on the same place (see [`Handles`]); beside it whatever has to live as long. [`conformance!`](crate::conformance!) makes a test
/// of it.
///
/// See [`Report`] for an example.
///
/// # Panics
///
/// When `factory` does, or no runtime can be made.
pub fn run<H: Handles, G>(factory: impl AsyncFnOnce(&Settings) -> (H, G)) -> Report {
    run_rounds(ROUNDS, factory)
}

#[expect(clippy::expect_used, reason = "it is for tests, which fail this way")]
fn run_rounds<H: Handles, G>(
    rounds: u32,
    factory: impl AsyncFnOnce(&Settings) -> (H, G),
) -> Report {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let settings = testing::settings();
        let (handles, _guard) = factory(&settings).await;
        let [one, other] = handles.stores(settings.store_timeout);
        let bench = Bench {
            powers: one.powers(),
            one,
            other,
            settings: Arc::new(settings),
            rounds,
        };
        let mut verdicts = Vec::new();
        for case in TOPICS.into_iter().flatten() {
            verdicts.push((case.name, judge(case, bench.clone()).await));
        }
        Report { verdicts }
    })
}

/// A store that panics or hangs fails this case alone.
async fn judge(case: &Case, bench: Bench) -> Verdict {
    let mut running = (case.run)(bench);
    let guarded = poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(Stop::Failed(said(&*panic)))),
        }
    });
    match tokio::time::timeout(PATIENCE, guarded).await {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(Stop::Failed(why))) => Verdict::Failed(why),
        Ok(Err(Stop::DoesNotApply(why))) => Verdict::DoesNotApply(why),
        Err(_) => Verdict::Failed(format!("it did not end within {} s", PATIENCE.as_secs())),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

/// A moment this many seconds from now.
fn in_seconds(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

/// Makes a test that runs every case of the [conformance suite](mod@crate::conformance) against a store.
///
/// The first argument is the test's name. The second is an async closure or function that is given the [`Settings`](crate::Settings) and
/// gives a fresh, empty store, and beside it whatever must live as long. [`run`](crate::conformance::run) says more.
///
/// ```
/// use tenure::testing::MemoryStore;
///
/// tenure::conformance!(memory, async |_settings| (MemoryStore::default(), ()));
/// ```
#[macro_export]
macro_rules! conformance {
    ($name:ident, $factory:expr $(,)?) => {
        #[test]
        fn $name() {
            $crate::conformance::run($factory).assert_passed();
        }
    };
}
