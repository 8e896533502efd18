//! Where logins lead, beside a real Django.

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use tenure::auth::{is_safe_redirect, redirect_to_login};

    const HOSTS: [&str; 2] = ["shop.example", "shop.example:8000"];

    /// Reads URLs, a JSON list, and prints what Django says of each: of HTTP or HTTPS, of HTTPS alone, and as `next` of a login page.
    const DJANGO: &str = "
import json, sys
from django.conf import settings
import django, sys
settings.configure(ROOT_URLCONF=__name__, LOGIN_URL='/accounts/login/', INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes'])
django.setup()
from django.utils.http import url_has_allowed_host_and_scheme as allowed
from django.contrib.auth.views import redirect_to_login
urlpatterns = []
hosts = {'shop.example', 'shop.example:8000'}
answers = []
for url in json.load(sys.stdin):
    target = redirect_to_login(url, '/accounts/login/?theme=dark&next=old#form').url
    answers.append([allowed(url, hosts), allowed(url, hosts, require_https=True), target])
json.dump(answers, sys.stdout)
";

    fn ask_django(urls: &[String]) -> Vec<(bool, bool, String)> {
        let mut python = Command::new(testkit::python())
            .args(["-c", DJANGO])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let question = serde_json::to_vec(urls).unwrap();
        python.stdin.take().unwrap().write_all(&question).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Every beginning with every middle and end: what attackers and browsers make of URLs.
    fn urls() -> Vec<String> {
        let beginnings = [
            "",
            " ",
            "\t",
            "\n",
            "\u{a0}",
            "\u{1}",
            "\u{1f}",
            "\u{0}",
            "\u{200b}",
            "\u{feff}",
            "\u{3000}",
            "é",
            "…",
            "a",
            "/",
            "//",
            "///",
            "////",
            "\\",
            "\\\\",
            "/\\",
            "\\/",
            "/\t/",
            "/\n/",
            "http:",
            "http:/",
            "http://",
            "http:///",
            "https://",
            "HTTPS://",
            "hTTp:\\\\",
            "http:\\/",
            "ftp://",
            "javascript:",
            "JaVaScRiPt:",
            "data:",
            "java\nscript:",
            " https://",
            "https\t://",
            "x-y+z.1://",
            "1http://",
            ":",
            "://",
            "?",
            "#",
            "@",
            "..",
            ".//",
            "//[",
            "https://user@",
            "https://user:pass@",
            "https://shop.example@",
            "https:",
        ];
        let middles = [
            "",
            "shop.example",
            "shop.example:8000",
            "SHOP.example",
            "shop.example:80",
            "evil.example",
            "shop.example.evil.example",
            "evil.example/shop.example",
            "evil.example\\@shop.example",
            "shop.example\\@evil.example",
            "evil.example?shop.example",
            "evil.example#shop.example",
            "shop.example@evil.example",
            "[::1]",
            "::1]",
            "cart",
        ];
        let ends = [
            "",
            "/",
            "/cart?page=2&x=ä b",
            "\\evil.example",
            "//evil.example",
            "#top",
            " ",
            "\u{2028}",
        ];
        let mut urls = Vec::new();
        for beginning in beginnings {
            for middle in middles {
                urls.extend(ends.map(|end| format!("{beginning}{middle}{end}")));
            }
        }
        for length in [2047, 2048, 2049] {
            urls.push(format!("/{}", "a".repeat(length - 1)));
        }
        urls
    }

    #[test]
    fn a_redirect_is_as_safe_as_in_django() {
        let urls = urls();
        let mut wrong = Vec::new();
        for (url, (any, https, target)) in urls.iter().zip(ask_django(&urls)) {
            // Stricter on purpose: signs that no path begins with.
            let stricter = url.trim_start().starts_with('…');
            for (require_https, expected) in [(false, any), (true, https)] {
                let seen = is_safe_redirect(url, &HOSTS, require_https);
                if seen != (expected && !stricter) {
                    wrong.push(format!(
                        "{url:?} (https {require_https}): {seen}, in Django {expected}"
                    ));
                }
            }
            let seen = redirect_to_login("/accounts/login/?theme=dark&next=old#form", url);
            // Django keeps the place of a field that it replaces.
            let expected = target.replace("#form", "");
            let (path, query) = seen.trim_end_matches("#form").split_once('?').unwrap();
            let mut fields: Vec<_> = query.split('&').collect();
            fields.sort_unstable();
            let (expected_path, expected_query) = expected.split_once('?').unwrap();
            let mut expected_fields: Vec<_> = expected_query.split('&').collect();
            expected_fields.sort_unstable();
            assert_eq!((path, fields), (expected_path, expected_fields), "{url:?}");
        }
        assert!(
            wrong.is_empty(),
            "{} of {}:\n{}",
            wrong.len(),
            urls.len(),
            wrong.join("\n")
        );
        println!("{} addresses judged as by Django", urls.len());
    }
}
