//! The end of a request: what is written, and what the visitor's browser is told.

use super::{LazySession, Offered, State};
use crate::{
    changes::Changes, error::SessionError, key::SessionKey, moment::Moment, settings::Transport,
};

/// What the response must say about the session.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The response depends on the session, so `Vary` must name where its key comes from.
    pub(crate) vary: bool,
    /// How the session's key travels.
    pub(crate) transport: Transport,
    /// What the client must learn of it.
    pub(crate) change: KeyChange,
    /// The request's URL holds a key.
    pub(crate) key_in_url: bool,
    /// The key that links must carry, if it travels in the URL.
    pub(crate) in_links: Option<SessionKey>,
    /// A further `Set-Cookie` header.
    pub(crate) beside: Option<String>,
}

#[derive(Debug)]
pub(crate) enum KeyChange {
    None,
    Set {
        key: SessionKey,
        /// `Max-Age` in seconds and the same as a date; `None` for a cookie that goes when the browser closes.
        lifetime: Option<(i64, Moment)>,
        /// Whether the client does not know the key yet.
        new: bool,
    },
    Remove,
}

/// What the store still has to do.
enum Due {
    Nothing,
    Write,
    Touch(Moment),
    /// As for `Write`, though this request changed nothing.
    Limit,
    /// Only sign what is there with the new secret.
    SignAnew,
}

impl Offered {
    /// The key that came in the URL, where nobody has asked whether it is live.
    fn in_links(&self) -> Option<SessionKey> {
        let in_url = self.came == Some(Transport::Url) && self.others.is_empty();
        self.first.clone().filter(|_| in_url)
    }
}

impl LazySession {
    /// The end of a request that nobody has asked for its session, if the response need not say anything of it: the rule, and so without
    /// the detour over headers that are not there. Otherwise `false`, and nothing has ended.
    pub(crate) fn finish_untouched(&self) -> bool {
        let offered = &self.0.offered;
        let mut state = self.0.state();
        let silent = !state.loaded
            && !state.accessed
            && !self.0.shared.save_every_request
            && offered.key_sent == offered.first.is_some()
            && offered.came != Some(Transport::Url)
            && !offered.key_in_url;
        state.closed |= silent;
        silent
    }

    /// The end of a request that needs no store call. `None` if it needs one.
    pub(crate) fn finish_now(&self, status: u16) -> Option<Finished> {
        let mut state = self.0.state();
        let offered = &self.0.offered;
        if !state.loaded {
            let transport = offered.came.unwrap_or(offered.goes);
            if offered.key_sent && offered.first.is_none() {
                state.closed = true;
                return Some(Finished {
                    vary: true,
                    transport,
                    change: KeyChange::Remove,
                    key_in_url: offered.key_in_url,
                    in_links: None,
                    beside: None,
                });
            }
            let touched = self.0.shared.save_every_request && !state.passive;
            if touched && offered.first.is_some() && status < 500 {
                return None;
            }
            state.closed = true;
            return Some(Finished {
                // A page made without the session because the store was away is not for those who have one.
                vary: state.accessed,
                transport,
                change: KeyChange::None,
                key_in_url: offered.key_in_url,
                in_links: offered.in_links(),
                beside: None,
            });
        }
        if state.interrupted && status < 500 {
            return None;
        }
        // A save in a task of its own holds the changes while it runs, and what it makes needs a cookie.
        if self.0.io.try_lock().is_err() {
            return None;
        }
        match self.due(&state, status) {
            Due::Nothing if self.0.must_enter(&state, status) => None,
            Due::Nothing => Some(self.close(&mut state, status)),
            Due::Write | Due::Touch(_) | Due::Limit | Due::SignAnew => None,
        }
    }

    /// The end of a request whose session has to be written or prolonged.
    ///
    /// # Errors
    ///
    /// When that fails: the visitor must be told, since what the handler answered is not true.
    pub(crate) async fn finish(&self, status: u16) -> Result<Finished, SessionError> {
        let session = self.load().await?;
        let due = {
            let state = self.0.state();
            if state.interrupted && status < 500 {
                return Err(SessionError::Interrupted);
            }
            self.due(&state, status)
        };
        match due {
            Due::Nothing => {}
            Due::Write => session.write_changes().await?,
            // Nothing is lost if the session is gone: this request only looked at it.
            Due::Limit => match session.write_changes().await {
                Err(SessionError::Interrupted) => {}
                written => written?,
            },
            Due::Touch(ends_at) => {
                session.touch(ends_at).await?;
            }
            Due::SignAnew => session.sign_anew().await,
        }
        self.0.enter_if_due(status).await;
        // A clone of the handle may have gone on meanwhile, and nothing tells it that this was the end before `close` does.
        loop {
            {
                let _no_save_runs = self.0.alone().await;
                let mut state = self.0.state();
                if !matches!(self.due(&state, status), Due::Write) {
                    return Ok(self.close(&mut state, status));
                }
            }
            session.write_changes().await?;
        }
    }

    fn due(&self, state: &State, status: u16) -> Due {
        let shared = &self.0.shared;
        // A failed response saves nothing, as in Django: what the handler did is not known to be whole.
        if status >= 500 || (state.stored.is_none() && state.data.is_empty()) {
            return Due::Nothing;
        }
        // The visitor is not told any key.
        if self.0.client.plaintext {
            return Due::Nothing;
        }
        let damaged = state.stored.as_ref().is_some_and(|stored| stored.damaged);
        if !state.changes.is_empty() || state.modified || (shared.save_every_request && damaged) {
            return Due::Write;
        }
        let Some(stored) = state.stored.as_ref().filter(|_| !state.passive) else {
            return Due::Nothing;
        };
        if stored.limits_missing {
            return Due::Limit;
        }
        let terms = self.0.terms(state);
        // A session that is its key is prolonged by being written, and it was.
        let touch = |ends_at| {
            if state.cookie_due && shared.store.powers().in_key {
                Due::Nothing
            } else if stored.by_fallback {
                Due::Write
            } else {
                Due::Touch(ends_at)
            }
        };
        let not_prolonged = if stored.by_fallback {
            Due::SignAnew
        } else {
            Due::Nothing
        };
        if shared.save_every_request {
            return touch(terms.date(shared.now()));
        }
        // The clock is read only where it can matter.
        if !terms.roll() {
            return not_prolonged;
        }
        match terms.prolonged(stored.expires_at, shared.now()) {
            Some(ends_at) => touch(ends_at),
            None => not_prolonged,
        }
    }

    fn close(&self, state: &mut State, status: u16) -> Finished {
        state.closed = true;
        let failed = status >= 500;
        // Saved, or not to be saved: a failed response saves nothing, and a stranger who changed nothing in the end has no session.
        state.changes = Changes::default();
        let offered = &self.0.offered;
        let transport = match &state.stored {
            None => offered.came.unwrap_or(offered.goes),
            Some(_) => self.0.transport(state),
        };
        let change = match &state.stored {
            None if offered.key_sent && !state.ambiguous && state.data.is_empty() => {
                KeyChange::Remove
            }
            Some(stored) if state.cookie_due && (!failed || state.key_changed) => KeyChange::Set {
                key: stored.key.clone(),
                lifetime: self.lifetime(state),
                new: state.key_changed,
            },
            _ => KeyChange::None,
        };
        state.cookie_due = false;
        state.key_changed = false;
        let beside = state.take_beside(failed);
        let stored = state.stored.as_ref();
        let in_links = stored.filter(|_| transport == Transport::Url);
        Finished {
            vary: true,
            transport,
            change,
            key_in_url: offered.key_in_url,
            in_links: in_links.map(|stored| stored.key.clone()),
            beside,
        }
    }

    fn lifetime(&self, state: &State) -> Option<(i64, Moment)> {
        let terms = self.0.terms(state);
        if terms.at_browser_close() {
            return None;
        }
        let now = self.0.shared.now();
        let mut age = terms.age_micros(now);
        if let Some(stored) = state.stored.as_ref().filter(|_| state.passive) {
            age = age.min(stored.expires_at.micros() - now.micros());
        }
        Some((age / 1_000_000, now.plus_micros(age)))
    }
}
