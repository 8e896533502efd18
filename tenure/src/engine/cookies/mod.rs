//! Sessions in the visitor's cookie: nothing is kept on the server but, if wanted, which of them were ended.
//!
//! [`SignedCookies`] writes what Django's engine writes: everybody can read it, nobody can change it. [`EncryptedCookies`] is tenure's own:
//! nobody can read it either.
//!
//! | | server | cookie |
//! |---|---|---|
//! | size | as you like | 4 KiB with name and attributes; encrypted ones just under 8 KiB with `TENURE_COOKIE_CHUNKS` |
//! | two requests at once | both changes stand | the response that comes last wins, and the other one's changes are lost |
//! | an older state | is gone | a visitor can put an older cookie back, until it ends |
//! | logout | deletes | needs a [`Revocation`] |
//!
//! **Ending a session.** Whoever has copied a cookie has the session until it ends, unless the server remembers that it was ended. What it
//! remembers is the session's *generation*: random bytes in the cookie that stay the same from one save to the next. `flush` ends the
//! generation; `cycle_key`, and with it a login, ends it and begins another one. Where it is remembered is any other store, so that it
//! costs one look-up for each request that uses its session, and one for each save.
//!
//! **Expiry** is enforced on the server, whatever the browser does.

mod format;
mod revocation;
mod size;
mod store;

#[cfg(feature = "encrypted-cookies")]
mod chunks;
#[cfg(feature = "encrypted-cookies")]
mod encrypted;
#[cfg(feature = "signed-cookies")]
mod signed;

#[cfg(feature = "encrypted-cookies")]
pub use self::encrypted::{Encrypted, EncryptedCookies};
#[cfg(feature = "signed-cookies")]
pub use self::signed::{Signed, SignedCookies};
pub use self::{revocation::Revocation, store::CookieStore};
