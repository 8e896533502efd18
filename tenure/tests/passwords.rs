//! Password hashes between tenure and a real Django.

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tenure::{
        auth::{
            Auth,
            password::{self, Hasher},
        },
        system::OperatingSystem,
        testing,
    };
    use testkit::Django;

    /// A hasher of Django's that is quick for its costs, and the same one here.
    struct Pair {
        class: &'static str,
        costs: Value,
        hasher: Hasher,
    }

    fn pairs() -> Vec<Pair> {
        let pair = |class, costs, hasher: Result<Hasher, password::HashError>| Pair {
            class,
            costs,
            hasher: hasher.unwrap(),
        };
        vec![
            pair(
                "PBKDF2PasswordHasher",
                json!({"iterations": 1000}),
                Hasher::pbkdf2_sha256(1000),
            ),
            pair(
                "PBKDF2SHA1PasswordHasher",
                json!({"iterations": 1000}),
                Hasher::pbkdf2_sha1(1000),
            ),
            pair(
                "Argon2PasswordHasher",
                json!({"time_cost": 3, "memory_cost": 100, "parallelism": 2}),
                Hasher::argon2(3, 100, 2),
            ),
            pair(
                "BCryptSHA256PasswordHasher",
                json!({"rounds": 5}),
                Hasher::bcrypt_sha256(5),
            ),
            pair(
                "BCryptPasswordHasher",
                json!({"rounds": 5}),
                Hasher::bcrypt(5),
            ),
            pair(
                "ScryptPasswordHasher",
                json!({"work_factor": 16, "block_size": 4, "parallelism": 3}),
                Hasher::scrypt(16, 4, 3),
            ),
            pair(
                "MD5PasswordHasher",
                json!({}),
                path("MD5PasswordHasher").parse(),
            ),
        ]
    }

    fn path(class: &str) -> String {
        format!("django.contrib.auth.hashers.{class}")
    }

    /// Django with all of its hashers.
    fn django() -> Django {
        let classes: Vec<_> = pairs().iter().map(|pair| path(pair.class)).collect();
        Django::start([
            ("DJANGO_DB", ":memory:".to_owned()),
            (
                "DJANGO_SECRET_KEY",
                "a secret for passwords, of no other use".to_owned(),
            ),
            ("DJANGO_PASSWORD_HASHERS", json!(classes).to_string()),
        ])
    }

    impl Pair {
        fn djangos(&self, django: &mut Django, password: &str) -> String {
            let answer = django.ask(&json!({
                "op": "make_hash", "password": password, "hasher": path(self.class), "costs": self.costs,
            }));
            answer["encoded"].as_str().unwrap().to_owned()
        }

        fn ours(&self, password: &str) -> String {
            self.hasher.make(password, &OperatingSystem).unwrap()
        }
    }

    fn django_says(django: &mut Django, password: &str, encoded: &str) -> bool {
        let request = json!({"op": "check_hash", "password": password, "encoded": encoded});
        django.ask(&request)["right"].as_bool().unwrap()
    }

    #[test]
    fn either_side_knows_the_passwords_that_the_other_hashed() {
        let mut django = django();
        let mut checks = 0;
        let long = |length| "0123456789".repeat(length / 10 + 1)[..length].to_owned();
        for pair in pairs() {
            for password in [
                "correct horse".to_owned(),
                String::new(),
                " \t\n".to_owned(),
                "pässwörd-日本語-🔐".to_owned(),
                "nul\0inside".to_owned(),
                "\0".to_owned(),
                long(71),
                long(72),
                long(73),
                long(4096),
            ] {
                if pair.class == "BCryptPasswordHasher" && password.len() > 72 {
                    // Python's bcrypt 5 raises an exception.
                    continue;
                }
                let wrong = format!("x{}", password.chars().skip(1).collect::<String>());
                for encoded in [pair.djangos(&mut django, &password), pair.ours(&password)] {
                    assert_eq!(Hasher::of(&encoded).unwrap(), pair.hasher, "{encoded}");
                    assert!(password::check(&password, &encoded), "{encoded}");
                    assert!(!password::check(&wrong, &encoded), "{encoded}");
                    assert!(django_says(&mut django, &password, &encoded), "{encoded}");
                    assert!(!django_says(&mut django, &wrong, &encoded), "{encoded}");
                    checks += 4;
                }
            }
        }
        println!("passwords: {checks} answers of tenure and Django about hashes of either agree");
        assert_eq!(checks, 68 * 2 * 4);
    }

    #[test]
    fn bcrypt_sees_the_first_72_bytes_of_a_password() {
        let mut django = django();
        let hasher = Hasher::bcrypt(4).unwrap();
        let cut = "é".repeat(36);
        let long = format!("{cut}long");
        let encoded = hasher.make(&long, &OperatingSystem).unwrap();
        assert!(password::check(&long, &encoded));
        assert!(password::check(&cut, &encoded));
        assert!(django_says(&mut django, &cut, &encoded));
        assert!(!password::check(&cut[..70], &encoded));
    }

    #[test]
    fn the_named_hashers_have_djangos_costs() {
        let mut django = django();
        for mut pair in pairs() {
            pair.costs = json!({});
            pair.hasher = path(pair.class).parse().unwrap();
            let djangos = pair.djangos(&mut django, "correct horse");
            assert_eq!(Hasher::of(&djangos).unwrap(), pair.hasher);
            assert!(!pair.hasher.must_update(&djangos), "{djangos}");
            let ours = pair.ours("correct horse");
            assert_eq!(ours.len(), djangos.len(), "{ours} {djangos}");
            assert!(django_says(&mut django, "correct horse", &ours), "{ours}");
        }
    }

    #[test]
    fn both_sides_agree_on_which_hashes_are_out_of_date() {
        let mut django = django();
        let bcrypt = "Zq3NfD8kL1mP5rT7vX9yBuRFvd45hBoMSb7hdu/t8sKyo6nlUbx2S";
        let hash = "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
        // 22 and 21 bytes.
        let (salt, short) = (
            "WnEzTmZEOGtMMW1QNXJUN3ZYOXlCMg",
            "WnEzTmZEOGtMMW1QNXJUN3ZYOXlC",
        );
        let mut stored: Vec<String> = Vec::new();
        for salt in [
            "Zq3NfD8kL1mP5rT7vX9yB2",
            "Zq3NfD8kL1mP5rT7vX9yB",
            "öööööööööööööööööööö",
            "s",
        ] {
            for rest in [
                "pbkdf2_sha256$1000",
                "pbkdf2_sha256$999",
                "pbkdf2_sha256$1001",
                "pbkdf2_sha1$1000",
                "md5",
            ] {
                stored.push(format!("{rest}${salt}$aGFzaA=="));
            }
            for costs in ["16$SALT$4$3", "32$SALT$4$3", "16$SALT$8$3", "16$SALT$4$1"] {
                stored.push(format!("scrypt${}$aGFzaA==", costs.replace("SALT", salt)));
            }
        }
        for costs in [
            "argon2id$v=19$m=100,t=3,p=2",
            "argon2i$v=19$m=100,t=3,p=2",
            "argon2d$v=19$m=100,t=3,p=2",
            "argon2id$v=16$m=100,t=3,p=2",
            "argon2id$m=100,t=3,p=2",
            "argon2id$v=19$m=101,t=3,p=2",
            "argon2id$v=19$m=100,t=2,p=2",
            "argon2id$v=19$m=100,t=3,p=1",
        ] {
            stored.push(format!("argon2${costs}${salt}${hash}"));
            stored.push(format!("argon2${costs}${short}${hash}"));
            stored.push(format!("argon2${costs}${salt}${}", &hash[..32]));
        }
        for version in ["2b$05", "2a$05", "2y$05", "2b$04", "2b$12"] {
            stored.push(format!("bcrypt$${version}${bcrypt}"));
            stored.push(format!("bcrypt_sha256$${version}${bcrypt}"));
        }
        let mut out_of_date = 0;
        for pair in pairs() {
            for encoded in &stored {
                let answer = django.ask(&json!({
                    "op": "must_update", "encoded": encoded, "hasher": path(pair.class), "costs": pair.costs,
                }));
                assert_eq!(
                    Some(pair.hasher.must_update(encoded)),
                    answer["must_update"].as_bool(),
                    "{encoded}, {:?}",
                    pair.hasher
                );
                out_of_date += usize::from(answer["must_update"] == true);
            }
        }
        let kept = 7 * stored.len() - out_of_date;
        println!(
            "passwords: on {out_of_date} hashes out of date and {kept} that are not, tenure and Django agree"
        );
        assert_eq!(kept, 14, "of {}", 7 * stored.len());
    }

    #[tokio::test]
    async fn neither_side_rewrites_what_the_other_has_upgraded() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("site.sqlite3");
        let classes = [path("Argon2PasswordHasher"), path("PBKDF2PasswordHasher")];
        let mut django = Django::start([
            ("DJANGO_DB", database.display().to_string()),
            (
                "DJANGO_SECRET_KEY",
                "a secret for passwords, of no other use".to_owned(),
            ),
            ("DJANGO_PASSWORD_HASHERS", json!(classes).to_string()),
        ]);
        django.ask(&json!({"op": "migrate"}));
        let password = "correct horse";
        django.ask(&json!({"op": "create_user", "username": "ada", "password": password}));
        let table = rusqlite::Connection::open(&database).unwrap();
        let stored = || -> String {
            let row = table.query_row("SELECT password FROM auth_user", [], |row| row.get(0));
            row.unwrap()
        };
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}", database.display()));
        let auth = Auth::open(&settings).await.unwrap();
        let auth = auth
            .with_hasher(classes[0].parse().unwrap())
            .upgrade_hashes();
        let old = Hasher::pbkdf2_sha256(1000).unwrap();
        let mut hashes = vec![stored()];
        for tenure_first in [true, false] {
            let encoded = old.make(password, &OperatingSystem).unwrap();
            let sql = "UPDATE auth_user SET password = ?1";
            table.execute(sql, [&encoded]).unwrap();
            for tenure in [tenure_first, !tenure_first] {
                if tenure {
                    let user = auth.authenticate("ada", password).await.unwrap();
                    assert!(user.is_some());
                } else {
                    let request =
                        json!({"op": "check_password", "username": "ada", "password": password});
                    assert_eq!(django.ask(&request)["valid"], true);
                }
                hashes.push(stored());
            }
        }
        assert!(
            hashes.iter().all(|hash| hash.starts_with("argon2$")),
            "{hashes:?}"
        );
        assert_eq!(hashes[1], hashes[2]);
        assert_eq!(hashes[3], hashes[4]);
        hashes.dedup();
        assert_eq!(hashes.len(), 3);
    }
}
