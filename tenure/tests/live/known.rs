//! What Django's own components and well-known add-ons keep in sessions, of which tenure knows nothing.

use crate::{
    generate::{Generated, Own},
    value::Value,
};

/// Keys of add-ons, each with a value of the shape that it writes.
const ADD_ONS: &[(&str, &str)] = &[
    (
        "_auth_user_backend",
        r#""allauth.account.auth_backends.AuthenticationBackend""#,
    ),
    ("_language", r#""de-at""#),
    (
        "_message",
        r#"[["__json_message",0,20,"kept elsewhere",""]]"#,
    ),
    ("_nonce", r#""b7f1e2""#),
    ("_password_reset_key", r#""cq1b2c-0123456789abcdef""#),
    (
        "account_authentication_methods",
        r#"[{"method":"password","at":1795000000.25,"username":"ada"}]"#,
    ),
    (
        "account_login",
        r#"{"user_pk":"41","email":"zo\u00eb@example.com"}"#,
    ),
    ("account_user", r#""41""#),
    ("account_verified_email", r#""zo\u00eb@example.com""#),
    ("captcha", r#"{"answer":42}"#),
    ("cms_edit", "true"),
    ("django_timezone", r#""Europe/Vienna""#),
    ("facebook_state", r#""Xy-_9""#),
    ("hijack_history", r#"["7","41"]"#),
    ("impersonate", "41"),
    ("next", r#""/cart?page=2""#),
    (
        "oidc_states",
        r#"{"f00":{"nonce":"b4r","added_on":1795000000.123456}}"#,
    ),
    ("otp_device_id", r#""otp_totp.totpdevice/3""#),
    ("partial_pipeline_token", r#""0a1b2c3d4e""#),
    ("saml_session", "null"),
    ("social_auth_last_login_backend", r#""google-oauth2""#),
    (
        "socialaccount_states",
        r#"{"s1":[{"process":"login","next":"/"},1795000000.5]}"#,
    ),
    (
        "two_factor-setup_view",
        r#"{"step":"generator","step_data":{},"extra_data":{}}"#,
    ),
    (
        "wizard_checkout_wizard",
        r#"{"step":"address","step_data":{"cart":{"csrfmiddlewaretoken":["x"]}},"step_files":{},"extra_data":{}}"#,
    ),
];

/// A session for each of them, one for each case of Django's own, and one with all add-ons together.
pub(crate) fn sessions() -> Vec<Generated> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../interop/vectors/reserved_keys.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let vectors = cases
        .iter()
        .map(|case| case["payload"].as_str().unwrap().to_owned());
    let add_ons = ADD_ONS
        .iter()
        .map(|(name, json)| format!("{{\"{name}\":{json}}}"));
    let together = ADD_ONS
        .iter()
        .map(|(name, json)| format!("\"{name}\":{json}"));
    let together = format!("{{{}}}", together.collect::<Vec<_>>().join(","));
    let all = vectors.chain(add_ons).chain([together]);
    let read = |text: String| serde_json::from_str::<serde_json::Map<_, _>>(&text).unwrap();
    all.map(|text| Generated {
        entries: read(text)
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect(),
        own: Own::Nothing,
    })
    // `set_expiry` is not what is looked at here.
    .filter(|session| {
        session
            .entries
            .iter()
            .all(|(name, _)| name != "_session_expiry")
    })
    .collect()
}
