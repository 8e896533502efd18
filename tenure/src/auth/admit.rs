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
    let entries = shared.sessions_of(user).await?;
    if entries.len() <= most {
        return Ok(());
    }
    let refused = Err(AuthError::TooManySessions { most });
    if users.at_most != AtMaxSessions::EndOldest {
        session.leave(user).await?;
        return refused;
    }
    let name = session.name();
    let is_own = |entry: &Entry| Some(&entry.name) == name.as_ref();
    let mut stays = entries.iter().any(is_own);
    let ended = too_many(entries, most, is_own);
    stays &= !ended.iter().any(is_own);
    shared.end(user, &ended, EndReason::TooMany).await?;
    if stays {
        return Ok(());
    }
    // Another login at the same moment was the later one.
    session.flush().await?;
    refused
}

/// Those that have to go of sessions in the order of their logins: those that were seen longest ago. A login goes before later ones, and
/// after all earlier ones, whatever the clocks of several servers say.
fn too_many(mut entries: Vec<Entry>, most: usize, is_own: impl Fn(&Entry) -> bool) -> Vec<Entry> {
    let surplus = entries.len().saturating_sub(most);
    let own = entries.iter().position(is_own).unwrap_or(entries.len());
    if let Some(earlier) = entries.get_mut(..own) {
        earlier.sort_by_key(|entry| entry.seen);
    }
    entries.truncate(surplus);
    entries
}
