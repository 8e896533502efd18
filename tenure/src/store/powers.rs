//! What a store can do beyond the four methods that every store has.

#[cfg(doc)]
use super::SessionStore;

/// What a store can do beyond the four methods that every store has: which promises the [conformance suite](mod@crate::conformance) holds it to.
///
/// The default is a store with `load`, `create`, `save` and `delete` alone.
///
/// ```
/// use tenure::store::Powers;
///
/// let powers = Powers {
///     compare_and_swap: true,
///     ..Powers::default()
/// };
/// assert!(!powers.scan);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each power is one of its own"
)]
pub struct Powers {
    /// Records carry a [`Version`](crate::Version), and `save`, `rename` and `touch` change only what is still in it. Without it the last
    /// writer wins.
    pub compare_and_swap: bool,
    /// [`rename`](SessionStore::rename) leaves either the old session or the new one, whole, whatever other requests do and
    /// wherever it is dropped. Both may be left only by a process that is killed, and only where the process is the store: files.
    pub atomic_rename: bool,
    /// [`touch`](SessionStore::touch) prolongs a session without its data being written again.
    pub touch: bool,
    /// [`scan`](SessionStore::scan) lists the sessions.
    pub scan: bool,
    /// Sessions that have ended stay until [`clear_expired`](SessionStore::clear_expired) removes them; without it the store forgets by
    /// itself, by its own clock.
    pub clear_expired: bool,
    /// The key is the session: nothing is kept elsewhere, every save gives a new key, and none can be compared with what others wrote.
    /// The engines that keep sessions in cookies.
    pub in_key: bool,
}
