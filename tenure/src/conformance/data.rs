//! What is kept comes back to the byte.

use std::fmt::Write as _;

use super::case::{Bench, Case, Outcome, cases, ensure, failed};
use crate::{error::StoreError, store::Created};

pub(super) const CASES: &[Case] = cases![
    an_empty_session_comes_back,
    text_comes_back_to_the_byte,
    numbers_come_back_to_the_byte,
    nested_values_come_back_to_the_byte,
    large_sessions_come_back_to_the_byte,
    what_json_cannot_say_comes_back_or_is_refused,
];

/// Keeps this and looks at it, after `create` and after `save`.
async fn comes_back(bench: &Bench, json: &str) -> Outcome {
    let record = bench.record(json)?;
    let kept = bench.keep(&record).await?;
    bench.found(&kept.key, json, "after `create`").await?;
    let kept = bench.keep_json(r#"{"old":1}"#).await?;
    let kept = bench.replace(&kept, &record).await?;
    bench.found(&kept.key, json, "after `save`").await?;
    Ok(())
}

async fn an_empty_session_comes_back(bench: Bench) -> Outcome {
    comes_back(&bench, "{}").await
}

async fn text_comes_back_to_the_byte(bench: Bench) -> Outcome {
    for json in [
        r#"{"":""}"#,
        r#"{"a":"plain","b":"it's \"quoted\" \\ and / and %s"}"#,
        r#"{"control":"\u0000\u0001\b\t\n\f\r\u001f\u007f"}"#,
        r#"{"latin":"\u00e9\u00ff","wide":"\u4f60\u597d","\u043a\u043b\u044e\u0447":"\ud83d\ude00"}"#,
        r#"{"lines":"a\r\nb\u2028c\u2029d","end":" trailing  "}"#,
        r#"{"json":"{\"a\":[1,2]}","sql":"'; DROP TABLE django_session; --"}"#,
        r#"{"_auth_user_id":"7","_auth_user_backend":"django.contrib.auth.backends.ModelBackend"}"#,
    ] {
        comes_back(&bench, json).await?;
    }
    Ok(())
}

async fn numbers_come_back_to_the_byte(bench: Bench) -> Outcome {
    for json in [
        r#"{"zero":0,"true":true,"false":false,"null":null,"minus":-1}"#,
        r#"{"a":255,"b":256,"c":65535,"d":65536,"e":2147483647,"f":2147483648,"g":-2147483648,"h":-2147483649}"#,
        r#"{"a":9223372036854775807,"b":-9223372036854775808,"c":18446744073709551615}"#,
        r#"{"a":0.1,"b":-1.5,"c":3.141592653589793,"d":100000.0,"e":5e-324,"f":1.7976931348623157e+308}"#,
    ] {
        comes_back(&bench, json).await?;
    }
    Ok(())
}

async fn nested_values_come_back_to_the_byte(bench: Bench) -> Outcome {
    const DEPTH: usize = 50;
    let (open, close) = (r#"{"a":["#.repeat(DEPTH), "]}".repeat(DEPTH));
    comes_back(
        &bench,
        r#"{"cart":[],"map":{},"list":[[1,[2,{"a":[]}]],"x",null]}"#,
    )
    .await?;
    comes_back(&bench, &format!("{open}{close}")).await
}

async fn large_sessions_come_back_to_the_byte(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let long = "0123456789abcdef".repeat(100 * 1024 / 16);
    comes_back(&bench, &format!(r#"{{"long":"{long}"}}"#)).await?;
    let mut many = String::from(r#"{"first":0"#);
    for number in 0..2000 {
        // Writing to a String cannot fail.
        let _ = write!(many, r#","key{number}":{number}"#);
    }
    comes_back(&bench, &format!("{many}}}")).await
}

/// Python writes these into sessions. A store that cannot hold one must say so, rather than keep something else.
async fn what_json_cannot_say_comes_back_or_is_refused(bench: Bench) -> Outcome {
    for json in [
        r#"{"a":NaN,"b":Infinity,"c":-Infinity}"#,
        r#"{"big":123456789012345678901234567890123456789012345678901234567890}"#,
        r#"{"big":-18446744073709551616}"#,
        r#"{"half":"\ud800"}"#,
    ] {
        match bench.one.create(&Bench::key()?, &bench.record(json)?).await {
            Err(StoreError::Unsupported { .. }) => {}
            Err(error) => {
                let what = format!("`create` of {json} is to work or to be `Unsupported`; it");
                return Err(failed(&what, &error));
            }
            Ok(created) => {
                ensure!(
                    !matches!(created, Created::Taken),
                    "`create` says that a key is taken that nobody has used"
                );
                comes_back(&bench, json).await?;
            }
        }
    }
    Ok(())
}
