//! tenure against the vectors that a real Django made (`interop/vectors`).

#[cfg(test)]
mod auth;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod common;
#[cfg(test)]
mod db_rows;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod session_data;
#[cfg(test)]
mod set_cookie;
#[cfg(test)]
mod signed_cookies;
#[cfg(test)]
mod signing;

#[cfg(test)]
mod tests {
    /// Every deliberate difference stands in COMPATIBILITY.md by the name of its case.
    #[test]
    fn deliberate_differences_are_documented() {
        let page = include_str!("../../../COMPATIBILITY.md");
        let mut missing = Vec::new();
        let lists = [
            crate::auth::DELIBERATE,
            crate::db_rows::DELIBERATE,
            crate::expiry::DELIBERATE,
            crate::session_data::DELIBERATE,
            crate::set_cookie::REFUSED,
        ];
        let names = lists.into_iter().flatten().map(|(name, _)| *name);
        for name in names.chain(crate::auth::NOT_REWRITTEN.iter().copied()) {
            if !page.contains(&format!("`{name}`")) {
                missing.push(name);
            }
        }
        assert!(missing.is_empty(), "not in COMPATIBILITY.md: {missing:?}");
    }
}
