//! A visitor from the first request to the last.

use std::time::{Duration, Instant};

use super::{
    case::{Bench, Case, Outcome, cases, ensure},
    request::{ensure_stored, request, respond, visitor},
};
use crate::{middleware::Sessions, session::Session};

pub(super) const CASES: &[Case] =
    cases![a_visitor_comes_and_goes, a_short_session_is_over_in_time,];

struct Visitor {
    sessions: Sessions,
    cookie: String,
}

impl Visitor {
    /// One request; the session holds `values` afterwards.
    async fn does(
        &mut self,
        what: &str,
        handler: impl AsyncFnOnce(&Session) -> Outcome,
        values: &[(&str, u32)],
    ) -> Outcome {
        let (lazy, session) = request(&self.sessions, &self.cookie).await?;
        handler(&session).await?;
        let response = respond(&self.sessions, &lazy).await?;
        if let Some(cookie) = response.cookie {
            self.cookie = cookie;
        }
        let when = format!("after a request that {what}");
        ensure_stored(&self.sessions, &self.cookie, values, &when).await
    }
}

async fn a_visitor_comes_and_goes(bench: Bench) -> Outcome {
    let sessions = Sessions::new(super::stage::Stage::new(&bench.one), &bench.settings)?;
    let cookie = visitor(&sessions, &[("cart", 1)]).await?;
    let first = cookie.clone();
    let mut visitor = Visitor { sessions, cookie };
    let cart = [("cart", 1)];
    visitor
        .does(
            "reads",
            async |session| {
                session.get::<u32>("cart")?;
                Ok(())
            },
            &cart,
        )
        .await?;
    ensure!(
        visitor.cookie == first,
        "a request that only read was given another key"
    );
    let both = [("cart", 1), ("user", 7)];
    visitor
        .does(
            "writes",
            async |session| Ok(session.insert("user", 7)?),
            &both,
        )
        .await?;
    let before = visitor.cookie.clone();
    visitor
        .does(
            "changes the key",
            async |session| Ok(session.cycle_key().await?),
            &both,
        )
        .await?;
    // A key that is the session may be the same text if nothing else has changed, as Django's signed cookies within a second are.
    ensure!(
        visitor.cookie != before || bench.powers.in_key,
        "a request that changed the key was given none"
    );
    if !bench.powers.in_key {
        let when = "under the old key, after `cycle_key`";
        ensure_stored(&visitor.sessions, &before, &[], when).await?;
    }
    visitor
        .does(
            "saves at once",
            async |session| {
                session.insert("cart", 2)?;
                Ok(session.save().await?)
            },
            &[("cart", 2), ("user", 7)],
        )
        .await?;
    visitor
        .does(
            "removes a value",
            async |session| {
                session.remove_key("cart")?;
                Ok(())
            },
            &[("user", 7)],
        )
        .await?;
    visitor
        .does("clears", async |session| Ok(session.clear()?), &[])
        .await?;
    visitor
        .does(
            "writes after a clear",
            async |session| Ok(session.insert("cart", 3)?),
            &[("cart", 3)],
        )
        .await?;
    let (lazy, session) = request(&visitor.sessions, &visitor.cookie).await?;
    session.flush().await?;
    let response = respond(&visitor.sessions, &lazy).await?;
    ensure!(
        response.removes_cookie,
        "after `flush`, the response does not remove the cookie"
    );
    Ok(())
}

/// By `set_expiry`, whatever kind of clock the store has. A late request makes nothing of it.
async fn a_short_session_is_over_in_time(bench: Bench) -> Outcome {
    let sessions = Sessions::new(super::stage::Stage::new(&bench.one), &bench.settings)?;
    let (lazy, session) = request(&sessions, "").await?;
    session.insert("user", 7)?;
    session.set_expiry(Duration::from_millis(1500))?;
    let cookie = respond(&sessions, &lazy).await?.cookie.unwrap_or_default();
    let (_, session) = request(&sessions, &cookie).await?;
    ensure!(
        session.get::<u32>("user")? == Some(7),
        "a session of 1.5 s is not there at once"
    );
    let started = Instant::now();
    // Each look is a request that ends without a response, so that none of them prolongs the session.
    loop {
        let (lazy, session) = request(&sessions, &cookie).await?;
        if session.is_empty() {
            let response = respond(&sessions, &lazy).await?;
            ensure!(
                response.removes_cookie,
                "a request with the cookie of an ended session does not remove it"
            );
            return Ok(());
        }
        ensure!(
            started.elapsed() < Duration::from_secs(6),
            "a session of 1.5 s is alive after 6"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
