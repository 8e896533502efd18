//! Nothing is lost.

use std::sync::{Arc, Mutex};

use tenure::testing;

use crate::{
    site::{Site, request, respond, set, stored, values, visitor},
    stage::Fault,
};

#[tokio::test]
async fn on_one_key_the_later_wins() {
    let site = Site::sqlite(testing::settings()).await;
    let cookie = visitor(&site.sessions, &[("theme", 0)]).await;
    for round in 0..100 {
        let (one, one_session) = request(&site.sessions, &cookie).await;
        let (other, other_session) = request(&site.sessions, &cookie).await;
        one_session.insert("theme", 1000 + round).unwrap();
        other_session.insert("theme", 2000 + round).unwrap();
        let (first, second, expected) = if round % 2 == 0 {
            (&one, &other, 2000 + round)
        } else {
            (&other, &one, 1000 + round)
        };
        respond(&site.sessions, first).await.unwrap();
        respond(&site.sessions, second).await.unwrap();
        assert_eq!(
            stored(&site.sessions, &cookie).await,
            values(&[("theme", expected)])
        );
    }
}

#[tokio::test]
async fn emptying_the_session_also_takes_what_was_added_meanwhile() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("old", 0)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    set(site.sessions.clone(), cookie.clone(), "theirs", 1).await;
    session.clear().unwrap();
    session.insert("mine", 2).unwrap();
    respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("mine", 2)])
    );
}

#[tokio::test]
async fn what_a_clone_changes_while_a_save_is_in_flight_is_not_lost() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("a", 0), ("gone", 0)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("a", 1).unwrap();
    let (clone, sessions, cookie_too) = (session.clone(), site.sessions.clone(), cookie.clone());
    site.stage.before("save", async move {
        clone.insert("b", 2).unwrap();
        clone.remove_key("gone").unwrap();
        // Another request as well, so that the save has to be done again.
        set(sessions, cookie_too, "c", 3).await;
    });
    session.save().await.unwrap();
    respond(&site.sessions, &lazy).await.unwrap();
    let expected = values(&[("a", 1), ("b", 2), ("c", 3)]);
    assert_eq!(stored(&site.sessions, &cookie).await, expected);
}

#[tokio::test]
async fn what_a_clone_changes_while_the_response_waits_for_its_save_is_saved_too() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("a", 0)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("a", 1).unwrap();
    let clone = session.clone();
    site.stage.before("save", async move {
        clone.insert("b", 2).unwrap();
    });
    respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("a", 1), ("b", 2)])
    );
}

#[tokio::test]
async fn a_value_set_after_a_failed_save_and_a_clear_survives_a_conflict() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("old", 0)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    let (clone, stage) = (session.clone(), site.stage.clone());
    site.stage.before("save", async move {
        clone.clear().unwrap();
        stage.set_fault(Fault::Down);
    });
    session.save().await.unwrap_err();
    site.stage.set_fault(Fault::None);
    session.insert("cart", 2).unwrap();
    set(site.sessions.clone(), cookie.clone(), "theirs", 3).await;
    respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("cart", 2)])
    );
}

#[tokio::test]
async fn a_response_waits_for_a_save_in_a_task_of_its_own_and_carries_its_cookie() {
    let site = Site::memory();
    let lazy = site.sessions.begin([]);
    let session = lazy.load().await.unwrap();
    session.insert("cart", 1).unwrap();
    let (sessions, done) = (site.sessions.clone(), Arc::new(Mutex::new(None)));
    let response = Arc::clone(&done);
    site.stage.before("create", async move {
        // The handler has answered, and its task is still saving.
        assert_eq!(sessions.finish_now(&lazy, 200), None);
        let finish = tokio::spawn(async move { sessions.finish(&lazy, 200).await });
        tokio::task::yield_now().await;
        assert!(!finish.is_finished());
        *response.lock().unwrap() = Some(finish);
    });
    session.save().await.unwrap();
    let finish = done.lock().unwrap().take().unwrap();
    let set_cookie = finish.await.unwrap().unwrap().set_cookie.unwrap();
    assert!(set_cookie.contains(site.stage.rows().await[0].as_str()));
}

#[tokio::test]
async fn a_request_goes_on_after_it_has_set_an_end_in_the_past() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("a", 0)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session
        .set_expiry(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    session.save().await.unwrap();
    session.insert("a", 1).unwrap();
    respond(&site.sessions, &lazy).await.unwrap();
    assert!(stored(&site.sessions, &cookie).await.is_empty());
}
