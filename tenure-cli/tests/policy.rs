//! `tenure policy`: what the settings mean, for whoever has to know or to approve it.

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use support::{Place, Run};

const DJANGO: &str = "\
engine          db
key             165 random bits; the store holds it as it is, as Django's does
travels         in a cookie
cookie          sessionid; HttpOnly; SameSite=Lax; Path=/
lifetime        14 days after the last change
idle limit      none
absolute limit  none
remember me     30 days after its last use, where the program offers it
sessions a user any number, not listed
other browser   is not noticed
other network   is not noticed
size            at most 1048576 bytes
secrets         SECRET_KEY alone
";

const BANK: &str = "\
engine          db
key             165 random bits; the store holds its hash
travels         in a cookie, in a header
cookie          __Host-id; Secure; HttpOnly; SameSite=Lax; Path=/
lifetime        15 minutes after the last request; the browser forgets it when it closes
idle limit      15 minutes after the last request
absolute limit  12 hours after the login, however active the session is
remember me     30 days after its last use, where the program offers it
sessions a user 1, listed; a further login is refused
other browser   ends the session
other network   has to log in again
size            at most 1048576 bytes and 1000 keys
secrets         SECRET_KEY; 1 older one still accepted
";

#[test]
fn r20_the_limits_of_each_profile_are_written_down() {
    let place = Place::empty();
    assert_eq!(place.done(&["policy"]), DJANGO);
    let bank = [
        ("TENURE_PROFILE", "strict"),
        ("TENURE_ASSURANCE_LEVEL", "aal3"),
        ("TENURE_MAX_SESSIONS", "1"),
        ("TENURE_AT_MAX_SESSIONS", "refuse"),
        ("TENURE_TRANSPORTS", r#"["cookie", "header"]"#),
        ("TENURE_BIND_USER_AGENT", "end"),
        ("TENURE_BIND_ADDRESS", "ask"),
        (
            "SECRET_KEY_FALLBACKS",
            "an-older-secret-of-enough-characters-0123456789",
        ),
    ];
    let mut command = place.command(&["policy"]);
    let run = Run::from(command.envs(bank).output().unwrap());
    assert_eq!(run.out, BANK, "{run:?}");
    assert_eq!(run.code, Some(0));
}

#[test]
fn programs_read_the_policy_as_json() {
    let place = Place::empty();
    let json = place.done(&["policy", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["idle_limit"], "none");
    assert_eq!(json["cookie"], "sessionid; HttpOnly; SameSite=Lax; Path=/");
}
