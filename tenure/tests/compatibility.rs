//! COMPATIBILITY.md leaves out nothing that Django has.

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Prints the public names of Django's session, then the names of the settings that concern it.
    const NAMES: &str = "
from django.contrib.sessions.backends.base import SessionBase
from django.conf import global_settings
names = [name for name in dir(SessionBase) if not name.startswith('_')]
twins = {name for name in names if name[0] == 'a' and name[1:] in names} | {'aset'}
parts = ('SESSION', 'CSRF', 'LOGIN', 'LOGOUT', 'AUTH', 'PASSWORD_HASHERS', 'PASSWORD_RESET', 'SECRET_KEY', 'MESSAGE_STORAGE')
settings = [name for name in dir(global_settings) if any(part in name for part in parts)]
settings += ['CACHES', 'DATABASES', 'USE_TZ', 'TIME_ZONE']
print(*[name for name in names if name not in twins], *settings)
";

    #[test]
    fn every_method_and_every_setting_of_django_has_a_row() {
        let python = Command::new(testkit::python())
            .args(["-c", NAMES])
            .output()
            .unwrap();
        let names = String::from_utf8_lossy(&python.stdout);
        assert!(python.status.success(), "{python:?}");
        let page = include_str!("../../COMPATIBILITY.md");
        let rows = || page.lines().filter(|line| line.starts_with("| "));
        let in_code = |line: &str, name: &str| {
            let parts = line.split('`').skip(1).step_by(2);
            parts.flat_map(words).any(|word| word == name)
        };
        let missing: Vec<&str> = names
            .split_whitespace()
            .filter(|name| !rows().any(|line| in_code(line, name)))
            .collect();
        assert!(names.split_whitespace().count() > 50, "{names}");
        assert!(
            missing.is_empty(),
            "COMPATIBILITY.md has no row for {missing:?}"
        );
    }

    fn words(code: &str) -> impl Iterator<Item = &str> {
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
    }
}
