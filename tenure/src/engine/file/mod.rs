//! The file engine: one file for each session. Django's `django.contrib.sessions.backends.file`.
//!
//! | call | what happens to the file `<SESSION_COOKIE_NAME><key>` in `SESSION_FILE_PATH` |
//! |---|---|
//! | load | opened without following links, looked at, read up to a bound |
//! | create | written under a temporary name, synced, then given its name if that is free |
//! | save | written under a temporary name, synced, then exchanged with the old file, if that still holds what was loaded |
//! | new key | the new file is made as by `create`; then the old one goes, if it still holds what was loaded |
//! | touch | its modification time moves |
//! | delete | removed |
//!
//! The text of the file is the version. Writers of tenure keep each other out by `flock` on the file. Django takes no lock: what it does
//! between our look and our change is noticed by exchanging files and looking at what came out, where the system can (`renameat2` on
//! Linux); elsewhere there is a gap of microseconds, as between two Djangos.
//!
//! # When a session ends
//!
//! The modification time is the clock, as in Django: a session ends `SESSION_COOKIE_AGE` after it, or the number of seconds that was set
//! with `set_expiry`, or at the moment that was set. Django forgets the second of these: there, such a file never ends.
//!
//! # Whose folder, whose files
//!
//! The folder must belong to this program's user or to root, and nobody else may write to it. A folder with the sticky bit, as `/tmp`,
//! where Django keeps sessions if nothing else is set, is accepted: others can make files there, but not remove or replace ours. Everybody
//! can list it though, and **a file's name holds the session's key**: a warning says so. Give Django and tenure a folder of mode 0700.
//!
//! A file counts only if it is a plain file of this program's user that nobody else may write to; in a folder where others can make files,
//! only if it has no second name. Anything else under a session's name is absent. Files are made with mode 0600.
//!
//! # Crashes
//!
//! Whenever the process dies, a session is there in its old or its new form, whole. Dying in the midst of `cycle_key` may leave both files:
//! the old one is the session that the visitor still has, and ends as any other; the new one has a key that nobody was told. Temporary
//! files that were left behind are removed by `clear_expired` after an hour.
//!
//! A power cut may undo the writes of the last seconds, as with SQLite; never a logout or a new key that was answered.

mod at_once;
mod change;
mod folder;
mod name;
mod naming;
mod store;
mod sweep;

pub use self::{name::folder, store::FileStore};
