//! A handler that does what a vector says.

use std::time::Duration;

use serde_json::Value;
use tenure::{Session, SessionError};

/// Does the `operations` of a vector in a handler. `delete` is what "another request ends the session" does.
pub(crate) async fn operate(
    session: &Session,
    operation: &Value,
    delete: impl AsyncFn(),
) -> Result<(), SessionError> {
    let argument = |index: usize| &operation[index];
    let key = || argument(1).as_str().unwrap();
    match argument(0).as_str().unwrap() {
        "get" => session.get::<Value>(key()).map(|_| ()),
        "set" => session.insert(key(), argument(2)),
        "pop" => session.remove_key(key()).map(|_| ()),
        "clear" => session.clear(),
        "flush" => session.flush().await,
        "cycle_key" => session.cycle_key().await,
        // Django's number zero is "at browser close", which `Expiry` has a name for; the others are stored as they are.
        "set_expiry" => match argument(1) {
            Value::Null => session.set_expiry(tenure::Expiry::Default),
            Value::Number(number) if number.as_i64() == Some(0) => {
                session.set_expiry(tenure::Expiry::BrowserClose)
            }
            Value::Number(number) if number.as_u64().is_some() => {
                session.set_expiry(Duration::from_secs(number.as_u64().unwrap()))
            }
            other => session.insert("_session_expiry", other),
        },
        "save" => session.save().await,
        "expire_at_close" => {
            session.expires_at_browser_close();
            Ok(())
        }
        "delete_elsewhere" => {
            delete().await;
            Ok(())
        }
        other => panic!("the vectors have an operation `{other}` that this test does not know"),
    }
}
