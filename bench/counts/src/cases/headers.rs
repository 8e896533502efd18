//! Finding our cookie among others.

use std::sync::Arc;

use tenure::{Sessions, testing};

use crate::{
    Error,
    system::Steady,
    task::{Named, Task},
};

const OURS: &str = "sessionid=0123456789abcdefghijklmnopqrstuv";

/// Cookies of a site with analytics, as a browser sends them.
const OTHERS: &str = "_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000001; _gat=1; _fbp=fb.1.1700000000000.1234567890; \
    csrftoken=AbCdEfGhIjKlMnOpQrStUvWxYz012345; theme=dark; language=en-gb; consent=analytics%3Dyes%26ads%3Dno; \
    cart_hint=3; experiment=b; last_page=%2Fproducts%2Foak";

pub(super) fn all() -> Result<Vec<Named<'static>>, Error> {
    let system = Arc::new(Steady::default());
    let store = testing::MemoryStore::default();
    let sessions = Sessions::with_system(store, &testing::settings(), system)?;
    let twelve = format!("{OTHERS}; {OURS}");
    let headers = [
        ("none", None),
        ("one cookie", Some(OURS.to_owned())),
        ("twelve cookies, ours last", Some(twelve)),
        ("eleven cookies, none ours", Some(OTHERS.to_owned())),
    ];
    let task = |(name, header): (&str, Option<String>)| {
        let sessions = sessions.clone();
        let task = Task::of(move || sessions.begin(header.as_ref().map(String::as_bytes)));
        task.named(format!("cookie header: {name}"))
    };
    Ok(headers.into_iter().map(task).collect())
}
