//! Two saves of one session at once.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tenure::{Session, Sessions, testing};

use crate::{
    Error,
    case::new_value,
    system::Steady,
    task::{Named, Task, now},
};

pub(super) fn all() -> Result<Vec<Named<'static>>, Error> {
    let system = Arc::new(Steady::default());
    let store = testing::MemoryStore::default();
    let sessions = Sessions::with_system(store, &testing::settings(), system)?;
    let session = now(sessions.new_session().load())??;
    session.insert("theme", "dark")?;
    now(session.save())??;
    let key = session.key().ok_or("the session was not stored")?;
    let load = move || Ok::<Session, Error>(now(sessions.session(key.as_str()).load())??);
    let task = Task::new(100, move |counter| {
        let (first, second) = (load()?, load()?);
        first.insert("visits", new_value())?;
        now(first.save())??;
        second.insert("basket", new_value())?;
        let mut saved = None;
        counter.count(&mut || saved = second_poll(second.save()));
        saved.ok_or("it was not saved")??;
        let merged = load()?;
        if merged.contains_key("visits") && merged.get::<u64>("basket")? == second.get("basket")? {
            Ok(())
        } else {
            Err("a save was lost".into())
        }
    });
    Ok(vec![task.named("merge: save after another save")])
}

/// A save that has lost lets others go first, once, before it tries again.
fn second_poll<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = (0..2).map(|_| future.as_mut().poll(&mut context));
    polls.find_map(|poll| match poll {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}
