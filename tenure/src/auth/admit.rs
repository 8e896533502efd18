//! How many sessions a user may have: what a login does with one too many.

use super::{AuthError, UserId};
use crate::{events::EndReason, session::Session, settings::AtMaxSessions, store::index::Entry};

/// Enters the session, whose key is new, as one of this user's, and sees to it that they have no more than they may.
///
/// It is entered first and the sessions are counted then: of two logins at once, the one that counts last sees both.
pub(super) async fn admit(session: &Session, id: &UserId) -> Result<(), AuthError> {
    let shared = session.shared();
    let Some(users) = &shared.user_sessions else {
        return Ok(());
    };
    if session.key().is_none() {
        // After a flush: only a stored session can be entered.
        session.cycle_key().await?;
    }
    let user = id.as_str();
    session.enter(user).await?;
    let Some(most) = users.most else {
        return Ok(());
    };
    let mut entries = shared.sessions_of(user).await?;
    // A browser that is remembered counts when it comes back.
    entries.retain(|entry| !entry.is_family());
    if entries.len() <= most {
        return Ok(());
    }
    let refused = Err(AuthError::TooManySessions { most });
    if users.at_most != AtMaxSessions::EndOldest {
        session.leave(user).await?;
        return refused;
    }
    // By the time when they were seen, so that two logins at once come to the same result.
    entries.sort_by_key(|entry| entry.seen);
    entries.truncate(entries.len().saturating_sub(most));
    let name = session.name();
    let is_own = |entry: &Entry| Some(&entry.name) == name.as_ref();
    let overtaken = entries.iter().any(is_own);
    shared
        .end(user, entries.into(), |_| true, EndReason::TooMany)
        .await?;
    if overtaken {
        // The other logins at this moment were later.
        session.flush().await?;
        return refused;
    }
    Ok(())
}
