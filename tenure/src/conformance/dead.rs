//! The dead stay dead: one request is stopped at each of its waits, and another one logs out meanwhile, and the other way round.

use super::{
    case::{Bench, Case, Kept, Outcome, Stop, cases, ensure, failed},
    request::{Response, finish, log_out, request, visitor},
    stage::{Interleaver, Progress, Stage},
};
use crate::{error::SessionError, key::SessionKey, middleware::Sessions, settings::Settings};

pub(super) const CASES: &[Case] = cases![
    a_logout_stands_whatever_a_slow_request_does,
    what_was_ended_from_outside_stays_dead,
    a_slow_logout_ends_what_was_written_meanwhile,
    a_slow_request_does_not_revive_the_old_key,
    of_two_new_keys_at_once_one_wins,
];

/// What a request does with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Reads,
    WritesAtTheEnd,
    WritesAtOnce,
    ChangesTheKey,
    Prolongs,
}

const WAYS: [Way; 5] = [
    Way::Reads,
    Way::WritesAtTheEnd,
    Way::WritesAtOnce,
    Way::ChangesTheKey,
    Way::Prolongs,
];

impl Way {
    /// The store calls that would revive the session if they could.
    fn writes(self) -> &'static [&'static str] {
        match self {
            Self::Reads => &[],
            Self::WritesAtTheEnd | Self::WritesAtOnce => &["save"],
            Self::ChangesTheKey => &["rename"],
            // A session that is its key is prolonged by being written.
            Self::Prolongs => &["touch", "save"],
        }
    }

    /// The whole request; what its response says, or why there is none.
    async fn run(
        self,
        sessions: Sessions,
        cookie: String,
    ) -> Outcome<Result<Response, SessionError>> {
        let (lazy, session) = request(&sessions, &cookie).await?;
        let handler = async {
            match self {
                Self::Reads | Self::Prolongs => session.get::<u32>("user").map(drop),
                Self::WritesAtTheEnd => session.insert("cart", 1),
                Self::WritesAtOnce => {
                    session.insert("cart", 1)?;
                    session.save().await
                }
                Self::ChangesTheKey => session.cycle_key().await,
            }
        };
        let answer = match handler.await {
            Ok(()) => finish(&sessions, &lazy).await,
            Err(error) => Err(error),
        };
        match answer {
            Err(error) if !matches!(error, SessionError::Interrupted) => {
                Err(failed(&format!("a request ({self:?})"), &error))
            }
            answer => Ok(answer),
        }
    }
}

/// The sessions of the slow requests and of the quick ones.
struct Site {
    bench: Bench,
    slow_stage: Stage,
    quick_stage: Stage,
    slow: Sessions,
    slow_prolonging: Sessions,
    quick: Sessions,
    quick_prolonging: Sessions,
}

impl Site {
    fn new(bench: Bench) -> Outcome<Self> {
        let (slow_stage, quick_stage) = (Stage::new(&bench.one), Stage::new(&bench.other));
        let prolonging = Settings {
            save_every_request: true,
            ..(*bench.settings).clone()
        };
        Ok(Self {
            slow: Sessions::new(slow_stage.clone(), &bench.settings)?,
            slow_prolonging: Sessions::new(slow_stage.clone(), &prolonging)?,
            quick: Sessions::new(quick_stage.clone(), &bench.settings)?,
            quick_prolonging: Sessions::new(quick_stage.clone(), &prolonging)?,
            slow_stage,
            quick_stage,
            bench,
        })
    }

    /// The key is dead on both handles, whoever asks.
    async fn ensure_dead(&self, cookie: &str, when: &str) -> Outcome {
        let text = cookie.split_once('=').map_or("", |(_, key)| key);
        let Some(key) = SessionKey::parse(text) else {
            return Err(Stop::Failed(format!("{cookie:?} holds no key")));
        };
        self.bench.absent(&key, when).await
    }

    /// A visitor who has a session, and whom the store can log out.
    async fn visitor(&self) -> Outcome<String> {
        let cookie = visitor(&self.quick, &[("user", 7)]).await?;
        for stage in [&self.slow_stage, &self.quick_stage] {
            *stage.progress() = Progress::default();
        }
        Ok(cookie)
    }

    /// A session is either deleted or moved to a new key.
    fn ensure_not_both(&self, when: &str) -> Outcome {
        let (slow, quick) = (self.slow_stage.progress(), self.quick_stage.progress());
        ensure!(
            !((slow.deleted && quick.renamed) || (slow.renamed && quick.deleted)),
            "{when}, `delete` says that it removed the session, and `rename` that it moved it"
        );
        Ok(())
    }

    /// Cookie engines may have no means to end a session.
    async fn needs_logout(&self) -> Outcome {
        let kept: Kept = self.bench.keep_json("{}").await?;
        self.bench.end(&kept).await
    }
}

/// Calls `round` for each way and each wait of the slow request, over and over.
async fn rounds(bench: &Bench, round: impl AsyncFn(Way, usize) -> Outcome<bool>) -> Outcome {
    let mut number = 0;
    loop {
        for way in WAYS {
            let mut waits = 0;
            while !round(way, waits).await? {
                waits += 1;
                number += 1;
            }
            number += 1;
        }
        if number >= bench.rounds * 5 {
            return Ok(());
        }
    }
}

/// What the response of the slow request must say, by how far the request had come when the logout ran.
fn ensure_told(
    way: Way,
    seen: &Progress,
    answer: &Result<Response, SessionError>,
    cookie: &str,
    when: &str,
) -> Outcome {
    let had_loaded = seen.has("load");
    let writes = way.writes();
    let may_have_written = writes.is_empty() || writes.iter().any(|call| seen.may_have(call));
    match answer {
        Err(_) => ensure!(
            had_loaded || seen.may_have("load"),
            "{when}, a request that came after the logout is told that it was interrupted"
        ),
        Ok(response) if had_loaded && !may_have_written => {
            ensure!(
                way == Way::Prolongs,
                "{when}, the request ({way:?}) is not told `Interrupted`, although the session was ended before it wrote"
            );
            ensure!(
                response.cookie.is_none(),
                "{when}, the response ({way:?}) sets a cookie for a dead session"
            );
        }
        Ok(response) if !seen.may_have("load") => ensure!(
            response.cookie.as_deref() != Some(cookie),
            "{when}, a request that came after the logout takes the dead key up again"
        ),
        Ok(_) => {}
    }
    Ok(())
}

async fn a_logout_stands_whatever_a_slow_request_does(bench: Bench) -> Outcome {
    let site = Site::new(bench)?;
    let interleaver = Interleaver::new();
    site.needs_logout().await?;
    rounds(&site.bench, async |way, waits| {
        let cookie = site.visitor().await?;
        let sessions = match way {
            Way::Prolongs => &site.slow_prolonging,
            _ => &site.slow,
        };
        let slow = way.run(sessions.clone(), cookie.clone());
        let logout = async {
            let seen = site.slow_stage.progress().clone();
            log_out(&site.quick, &cookie).await?;
            Ok(seen)
        };
        let both = interleaver.run(slow, waits, logout).await?;
        let seen = both.quick;
        let when = format!(
            "after a logout while a slow request ({way:?}) was stopped at wait {waits}, its calls {:?} being answered and {:?} under way",
            seen.finished, seen.under_way
        );
        site.ensure_dead(&cookie, &when).await?;
        site.ensure_not_both(&when)?;
        if both.forced {
            ensure_told(way, &seen, &both.slow, &cookie, &when)?;
        }
        Ok(both.was_done)
    })
    .await
}

/// As when a user ends all of their other sessions while those have slow requests.
async fn what_was_ended_from_outside_stays_dead(bench: Bench) -> Outcome {
    let site = Site::new(bench)?;
    site.bench.needs_a_place()?;
    let interleaver = Interleaver::new();
    for way in WAYS {
        let mut waits = 0;
        loop {
            let (cookie, neighbour) = (site.visitor().await?, site.visitor().await?);
            let keys = [&cookie, &neighbour].map(|cookie| {
                let key = cookie.split_once('=').map_or("", |(_, key)| key);
                SessionKey::parse(key)
            });
            let keys: Vec<SessionKey> = keys.into_iter().flatten().collect();
            let sessions = match way {
                Way::Prolongs => &site.slow_prolonging,
                _ => &site.slow,
            };
            let slow = way.run(sessions.clone(), cookie.clone());
            let ended = async {
                let seen = site.slow_stage.progress().clone();
                let ended = site.bench.other.delete_many(&keys).await;
                ended.map_err(|error| failed("`delete_many`", &error))?;
                Ok(seen)
            };
            let both = interleaver.run(slow, waits, ended).await?;
            let when = format!(
                "after `delete_many` while a slow request ({way:?}) was stopped at wait {waits}"
            );
            // One that had its new key before was not among those that were ended.
            site.ensure_dead(&cookie, &when).await?;
            site.ensure_dead(&neighbour, &when).await?;
            if both.forced {
                ensure_told(way, &both.quick, &both.slow, &cookie, &when)?;
            }
            if both.was_done {
                break;
            }
            waits += 1;
        }
    }
    Ok(())
}

async fn a_slow_logout_ends_what_was_written_meanwhile(bench: Bench) -> Outcome {
    let site = Site::new(bench)?;
    let interleaver = Interleaver::new();
    site.bench.needs_a_place()?;
    rounds(&site.bench, async |way, waits| {
        let cookie = site.visitor().await?;
        let (sessions, header) = (site.slow.clone(), cookie.clone());
        let slow = async move { log_out(&sessions, &header).await };
        let quick = match way {
            Way::Prolongs => &site.quick_prolonging,
            _ => &site.quick,
        };
        let both = interleaver
            .run(slow, waits, way.run(quick.clone(), cookie.clone()))
            .await?;
        let when =
            format!("after a slow logout that was stopped at wait {waits} for a request ({way:?})");
        site.ensure_dead(&cookie, &when).await?;
        site.ensure_not_both(&when)?;
        Ok(both.was_done)
    })
    .await
}

async fn a_slow_request_does_not_revive_the_old_key(bench: Bench) -> Outcome {
    let site = Site::new(bench)?;
    site.bench.needs_a_place()?;
    let interleaver = Interleaver::new();
    for way in WAYS {
        let mut waits = 0;
        loop {
            let cookie = site.visitor().await?;
            let sessions = match way {
                Way::Prolongs => &site.slow_prolonging,
                _ => &site.slow,
            };
            let slow = way.run(sessions.clone(), cookie.clone());
            let quick = async {
                let seen = site.slow_stage.progress().clone();
                let quick = Way::ChangesTheKey.run(site.quick.clone(), cookie.clone());
                quick.await.map(|_| seen)
            };
            let both = interleaver.run(slow, waits, quick).await?;
            let when = format!(
                "after a new key while a slow request ({way:?}) with the old one was stopped at wait {waits}"
            );
            site.ensure_dead(&cookie, &when).await?;
            if both.forced && site.quick_stage.progress().renamed {
                ensure_told(way, &both.quick, &both.slow, &cookie, &when)?;
            }
            if both.was_done {
                break;
            }
            waits += 1;
        }
    }
    Ok(())
}

/// And nothing is left over of the other one.
async fn of_two_new_keys_at_once_one_wins(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    bench.needs(|powers| powers.atomic_rename, "atomic_rename")?;
    let site = Site::new(bench)?;
    let interleaver = Interleaver::new();
    let mut waits = 0;
    loop {
        let cookie = site.visitor().await?;
        let slow = Way::ChangesTheKey.run(site.slow.clone(), cookie.clone());
        let quick = async {
            let seen = site.slow_stage.progress().clone();
            let answer = Way::ChangesTheKey
                .run(site.quick.clone(), cookie.clone())
                .await?;
            Ok((seen, answer))
        };
        let both = interleaver.run(slow, waits, quick).await?;
        let (seen, quick) = both.quick;
        let when = format!(
            "after two requests that change the key, of which one was stopped at wait {waits}"
        );
        site.ensure_dead(&cookie, &when).await?;
        if both.forced && seen.has("load") && !seen.may_have("rename") {
            ensure!(
                both.slow.is_err(),
                "{when}, the second one is not told `Interrupted`"
            );
            ensure!(quick.is_ok(), "{when}, both were interrupted");
        }
        if both.was_done {
            return Ok(());
        }
        waits += 1;
    }
}
