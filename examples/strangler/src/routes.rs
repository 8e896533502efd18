//! Who answers which path.

use std::{fmt, fs, path::Path};

use crate::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Django,
    Rust,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Django => "django",
            Self::Rust => "rust",
        })
    }
}

/// The paths that are Rust's, each with all below it.
#[derive(Debug)]
pub(crate) struct Routes(Vec<String>);

impl Routes {
    pub(crate) fn read(file: &Path) -> Outcome<Self> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let lines = text.lines().map(str::trim);
        let paths = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let checked = paths.map(|path| {
            if path.starts_with('/') {
                Ok(path.trim_end_matches('/').to_owned())
            } else {
                Err(format!("the route {path:?} does not begin with a slash").into())
            }
        });
        checked.collect::<Outcome<_>>().map(Self)
    }

    pub(crate) fn side(&self, path: &str) -> Side {
        let below = |route: &String| {
            let rest = path.strip_prefix(route.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.0.iter().any(below) {
            Side::Rust
        } else {
            Side::Django
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_path_with_all_below_it() {
        let routes = Routes::parse("# moved\n\n/cart/\n").unwrap();
        for path in ["/cart", "/cart/", "/cart/add"] {
            assert_eq!(routes.side(path), Side::Rust, "{path}");
        }
        for path in ["/", "/cartoon", "/Cart", "/account/cart", "//cart"] {
            assert_eq!(routes.side(path), Side::Django, "{path}");
        }
    }

    #[test]
    fn the_whole_site_moves_with_one_slash_and_goes_back_without_a_line() {
        assert_eq!(Routes::parse("/").unwrap().side("/account"), Side::Rust);
        assert_eq!(Routes::parse("#/cart").unwrap().side("/cart"), Side::Django);
        assert!(Routes::parse("cart").is_err());
    }
}
