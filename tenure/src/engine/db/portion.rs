//! Statements on many keys.

/// So many keys stand in one statement at most.
pub(super) const PORTION: usize = 1000;
/// How many keys a statement may have places for. A text for every number would be a statement to prepare every time.
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite",
    feature = "sqlx-mysql"
))]
const PLACES: [usize; 4] = [1, 10, 100, PORTION];

/// The keys, the last one repeated until they are as many as a statement has places for. That does no harm where they are looked for.
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite",
    feature = "sqlx-mysql"
))]
pub(super) fn padded<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    let mut keys = keys.to_vec();
    if let Some(last) = keys.last().copied() {
        let places = PLACES.into_iter().find(|places| *places >= keys.len());
        keys.resize(places.unwrap_or(keys.len()), last);
    }
    keys
}
