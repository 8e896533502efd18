use std::collections::BTreeSet;

use serde_json::Value;

use super::{check::missing, *};
use crate::system::OperatingSystem;

fn cases() -> Vec<Value> {
    let file = include_str!("../../../../interop/vectors/passwords.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap()
}

/// Cheap hashers, one of each algorithm.
fn hashers() -> [Hasher; 7] {
    [
        Hasher::pbkdf2_sha256(2).unwrap(),
        Hasher::pbkdf2_sha1(2).unwrap(),
        Hasher::argon2(1, 8, 1).unwrap(),
        Hasher::bcrypt_sha256(4).unwrap(),
        Hasher::bcrypt(4).unwrap(),
        Hasher::scrypt(2, 1, 1).unwrap(),
        "django.contrib.auth.hashers.MD5PasswordHasher"
            .parse()
            .unwrap(),
    ]
}

fn made(hasher: &Hasher, password: &str) -> String {
    hasher.make(password, &OperatingSystem).unwrap()
}

#[test]
fn all_cases_of_the_vectors() {
    let mut algorithms = BTreeSet::new();
    for case in cases() {
        let (name, encoded) = (text(&case, "name"), text(&case, "encoded"));
        let right = check(text(&case, "password"), encoded);
        assert_eq!(right, case["correct"].as_bool().unwrap(), "{name}");
        assert_eq!(
            is_usable(encoded),
            case["usable"].as_bool().unwrap(),
            "{name}"
        );
        if let Some(must_update) = case["must_update_under_5_2_defaults"].as_bool() {
            let preferred = Hasher::default();
            assert_eq!(preferred.must_update(encoded), must_update, "{name}");
            let algorithm = Hasher::of(encoded).unwrap().algorithm();
            assert_eq!(algorithm, text(&case, "algorithm"), "{name}");
            algorithms.insert(algorithm);
        }
    }
    assert_eq!(algorithms.len(), hashers().len(), "{algorithms:?}");
}

/// Made by argon2-cffi 25.1.0 and bcrypt 5.0.0, on which Django's hashers stand.
#[test]
fn what_older_versions_wrote_is_understood() {
    let salt = "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzcw";
    for encoded in [
        format!(
            "argon2$argon2i$v=16$m=64,t=1,p=1${salt}$FO2nQdIcHngfvGmYxs84YmAFLwoURwnTySR0F00Z2+E"
        ),
        format!("argon2$argon2i$m=64,t=1,p=1${salt}$FO2nQdIcHngfvGmYxs84YmAFLwoURwnTySR0F00Z2+E"),
        format!(
            "argon2$argon2id$v=16$m=64,t=1,p=1${salt}$QTcDANJnnqe1bz/vbMy3SqbKKHDedAgwo96/7KdUd2o"
        ),
        format!("argon2$argon2id$v=19$m=64,t=1,p=1${salt}$CI4EUlnTsdG8Vh+MeYwiJQ"),
    ] {
        assert!(check("p", &encoded), "{encoded}");
        assert!(!check("q", &encoded), "{encoded}");
        for other in ["v=17", "v=19"] {
            let altered = encoded.replace("v=16", other);
            assert!(altered == encoded || !check("p", &altered), "{altered}");
        }
    }
    for version in ["2a", "2b", "2x", "2y"] {
        let hash = "$04$......................8QPuF36SqwZ1d9QO3taNcRXHOtLxpvS";
        assert!(check("x", &format!("bcrypt$${version}{hash}")), "{version}");
    }
    assert!(!check(
        "x",
        "bcrypt$$2c$04$......................8QPuF36SqwZ1d9QO3taNcRXHOtLxpvS"
    ));
}

#[test]
fn a_hash_that_is_not_in_djangos_own_writing_never_matches() {
    for hasher in hashers() {
        let encoded = made(&hasher, "p");
        assert!(check("p", &encoded), "{encoded}");
        // Nothing may be missing, changed or added anywhere.
        for at in 0..encoded.len() {
            let (before, after) = encoded.split_at(at);
            let cut = &after[1..];
            for altered in [
                before.to_owned(),
                format!("{before}{cut}"),
                format!("{before}${cut}"),
                format!("{before}0{after}"),
                format!("{before}+{after}"),
                format!("{before}\u{e9}{cut}"),
            ] {
                assert!(
                    altered == encoded || !check("p", &altered),
                    "{encoded}: {altered}"
                );
            }
        }
        for end in ["=", "$", "\n", "A"] {
            assert!(!check("p", &format!("{encoded}{end}")), "{encoded}{end:?}");
        }
    }
}

#[test]
fn what_is_no_hash_never_matches() {
    let words = ["", "!", "!unusable", "password", "sha1$salt$hash", "$", "é"];
    for encoded in words {
        assert!(!check("", encoded), "{encoded}");
        assert!(!check("password", encoded), "{encoded}");
        assert!(!Hasher::default().must_update(encoded), "{encoded}");
    }
}

#[test]
fn ruinous_costs_are_refused_unspent() {
    let salt = "c2Vhc2FsdDAxMjM0NTY3ODlhYmNkZWY";
    for (encoded, message) in [
        (
            "pbkdf2_sha256$4000000000$seasalt$aGFzaA==".to_owned(),
            "pbkdf2_sha256 with 4000000000 iterations is not computed: 1 to 20,000,000 iterations are",
        ),
        (
            "pbkdf2_sha1$20000001$seasalt$aGFzaA==".to_owned(),
            "pbkdf2_sha1 with 20000001 iterations is not computed: 1 to 20,000,000 iterations are",
        ),
        (
            format!("argon2$argon2id$v=19$m=4194304,t=1,p=1${salt}$aGFzaGhhc2g"),
            "argon2 with m=4194304,t=1,p=1 is not computed: m of 8 times p to 1,048,576 KiB, and m times t to 4,194,304 KiB, are",
        ),
        (
            format!("argon2$argon2id$v=19$m=102400,t=4294967295,p=8${salt}$aGFzaGhhc2g"),
            "argon2 with m=102400,t=4294967295,p=8 is not computed: m of 8 times p to 1,048,576 KiB, and m times t to 4,194,304 KiB, are",
        ),
        (
            format!("argon2$argon2i$m=4294967295,t=4294967295,p=16777215${salt}$aGFzaGhhc2g"),
            "argon2 with m=4294967295,t=4294967295,p=16777215 is not computed: m of 8 times p to 1,048,576 KiB, and m times t to 4,194,304 KiB, are",
        ),
        (
            "bcrypt$$2b$31$ZTKrbHRbsGsk3MvP9HKYguFmqAXkYnxGOGGTBZcjWLPQnJ1p2xGmK".to_owned(),
            "bcrypt with 31 rounds is not computed: 4 to 16 rounds are",
        ),
        (
            "bcrypt_sha256$$2b$17$ZTKrbHRbsGsk3MvP9HKYguFmqAXkYnxGOGGTBZcjWLPQnJ1p2xGmK".to_owned(),
            "bcrypt_sha256 with 17 rounds is not computed: 4 to 16 rounds are",
        ),
        (
            "scrypt$1073741824$seasalt$8$1$aGFzaA==".to_owned(),
            "scrypt with N=1073741824,r=8,p=1 is not computed: N of a power of two, 128 times r times N + p to 2^30, and 128 times r times N times p to 2^31, are",
        ),
        (
            "scrypt$2$seasalt$1$4294967295$aGFzaA==".to_owned(),
            "scrypt with N=2,r=1,p=4294967295 is not computed: N of a power of two, 128 times r times N + p to 2^30, and 128 times r times N times p to 2^31, are",
        ),
        (
            "scrypt$16384$seasalt$8$200$aGFzaA==".to_owned(),
            "scrypt with N=16384,r=8,p=200 is not computed: N of a power of two, 128 times r times N + p to 2^30, and 128 times r times N times p to 2^31, are",
        ),
    ] {
        assert_eq!(Hasher::of(&encoded).unwrap_err().to_string(), message);
        assert!(!check("password", &encoded), "{encoded}");
        // The user cannot be told from one who does not exist.
        assert_eq!(
            missing(Some(&encoded), &Hasher::default()),
            [Hasher::default()]
        );
    }
    for encoded in [
        "pbkdf2_sha256$4000000000000000000000$seasalt$aGFzaA==",
        "scrypt$1099511627776$seasalt$8$1$aGFzaA==",
        "scrypt$$seasalt$8$1$aGFzaA==",
        "scrypt$0$seasalt$0$0$aGFzaA==",
        "argon2$argon2id$v=19$m=8,t=0,p=1$c2Vhc2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=8,t=1,p=0$c2Vhc2FsdHNhbHQ$aGFzaGhhc2g",
        "bcrypt$$2b$03$ZTKrbHRbsGsk3MvP9HKYguFmqAXkYnxGOGGTBZcjWLPQnJ1p2xGmK",
    ] {
        assert!(Hasher::of(encoded).is_err(), "{encoded}");
        assert!(!check("password", encoded), "{encoded}");
    }
}

#[test]
fn an_over_long_password_costs_nothing_and_never_matches() {
    let longest = "x".repeat(MAX_BYTES);
    let long = format!("{longest}x");
    for hasher in hashers() {
        assert!(check(&longest, &made(&hasher, &longest)), "{hasher:?}");
        assert!(!check(&long, &made(&hasher, &long)), "{hasher:?}");
    }
    // Were it hashed, this would take minutes.
    let dear = Hasher::pbkdf2_sha256(20_000_000).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..100 {
        assert!(!check_evenly(&long, None, &dear));
    }
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn an_unknown_user_costs_as_much_as_a_wrong_password() {
    let work = |hashers: &[Hasher]| -> u64 {
        let works = hashers.iter().map(|hasher| hasher.format().work());
        works.sum()
    };
    let even = [
        (
            Hasher::pbkdf2_sha256(600_000).unwrap(),
            Hasher::pbkdf2_sha256(1_000_000).unwrap(),
        ),
        (
            Hasher::pbkdf2_sha1(1).unwrap(),
            Hasher::pbkdf2_sha1(1_000_000).unwrap(),
        ),
        (
            Hasher::bcrypt_sha256(9).unwrap(),
            Hasher::bcrypt_sha256(12).unwrap(),
        ),
        (Hasher::bcrypt(4).unwrap(), Hasher::bcrypt(5).unwrap()),
    ];
    for (stored, preferred) in even {
        let encoded = stored.format().write("seasaltseasaltseasaltu", "aGFzaA==");
        let missing = missing(Some(&encoded), &preferred);
        let spent = stored.format().work() + work(&missing);
        assert_eq!(spent, preferred.format().work(), "{encoded}");
        let algorithm = preferred.algorithm();
        assert!(
            missing.iter().all(|hasher| hasher.algorithm() == algorithm),
            "{missing:?}"
        );
    }
    for preferred in hashers() {
        assert_eq!(missing(None, &preferred), [preferred]);
        assert_eq!(missing(Some("!"), &preferred), [preferred]);
        assert_eq!(missing(Some("sha1$salt$hash"), &preferred), [preferred]);
        for stored in hashers() {
            let expected = if stored == preferred {
                vec![]
            } else {
                vec![preferred]
            };
            let encoded = made(&stored, "p");
            assert_eq!(missing(Some(&encoded), &preferred), expected, "{encoded}");
        }
    }
    let cheap = made(&Hasher::argon2(1, 8, 1).unwrap(), "p");
    let preferred = Hasher::argon2(2, 8, 1).unwrap();
    assert_eq!(missing(Some(&cheap), &preferred), [preferred]);
    let dear = made(&Hasher::scrypt(4, 1, 1).unwrap(), "p");
    let preferred = Hasher::scrypt(2, 1, 1).unwrap();
    assert_eq!(missing(Some(&dear), &preferred), []);
}

#[test]
fn the_time_of_the_preferred_hasher_is_spent_on_a_user_who_does_not_exist() {
    let preferred = Hasher::pbkdf2_sha256(50_000).unwrap();
    let took = |work: &dyn Fn()| {
        let start = std::time::Instant::now();
        work();
        start.elapsed()
    };
    let quickest = (0..3).map(|_| took(&|| drop(made(&preferred, "p")))).min();
    let cheap = made(&Hasher::pbkdf2_sha256(1).unwrap(), "p");
    for encoded in [None, Some("!"), Some("md5$salt$hash"), Some(&*cheap)] {
        let checked = took(&|| assert!(!check_evenly("wrong", encoded, &preferred)));
        // A third leaves room for a machine that was busy before. Unspent, it would be a thousandth.
        assert!(3 * checked > quickest.unwrap(), "{encoded:?}: {checked:?}");
    }
    assert!(check_evenly("p", Some(&cheap), &preferred));
}

#[test]
fn two_hashes_of_one_password_differ() {
    for hasher in hashers() {
        assert_ne!(made(&hasher, "p"), made(&hasher, "p"));
    }
}

#[test]
fn a_hasher_is_named_by_its_class_or_its_costs() {
    for hasher in hashers() {
        let name = hasher.to_string();
        assert_eq!(name.parse::<Hasher>().unwrap(), hasher, "{name}");
        for wrong in [format!("{name}0$"), format!("{name},"), format!(" {name}")] {
            assert!(wrong.parse::<Hasher>().is_err(), "{wrong}");
        }
    }
    assert_eq!(
        "scrypt$N=4,r=2,p=1".parse::<Hasher>().unwrap(),
        Hasher::scrypt(4, 2, 1).unwrap()
    );
    for wrong in [
        "",
        "site.hashers.Own",
        "PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.UnsaltedMD5PasswordHasher",
        "pbkdf2_sha256",
        "pbkdf2_sha256$0",
        "bcrypt$04",
        "argon2$t=2,m=102400,p=8",
        "md5$1",
    ] {
        assert!(wrong.parse::<Hasher>().is_err(), "{wrong}");
    }
}
