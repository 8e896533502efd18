//! The README says what is true: versions in it are those of the manifests.

#[cfg(test)]
mod tests {
    const README: &str = include_str!("../../README.md");
    const WORKSPACE: &str = include_str!("../../Cargo.toml");

    /// The version that the README's `[dependencies]` name for a crate.
    fn named(crate_name: &str) -> &str {
        let line = README
            .lines()
            .find(|line| line.starts_with(&format!("{crate_name} = ")));
        line.and_then(|line| line.split('"').nth(1)).unwrap()
    }

    #[test]
    fn it_names_this_version() {
        assert!(env!("CARGO_PKG_VERSION").starts_with(&format!("{}.", named("tenure"))));
    }

    #[test]
    fn it_names_the_axum_that_the_extractors_are_for() {
        let line = WORKSPACE
            .lines()
            .find(|line| line.starts_with("axum = "))
            .unwrap();
        assert!(line.contains(&format!("\"{}.", named("axum"))), "{line}");
    }

    #[test]
    fn its_links_lead_somewhere() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for page in ["README.md", "COMPATIBILITY.md", "DESIGN.md", "SECURITY.md"] {
            let text = std::fs::read_to_string(root.join(page)).unwrap();
            for link in text
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                if !link.starts_with("http") {
                    assert!(root.join(link).exists(), "{page} links to {link}");
                }
            }
        }
    }
}
