//! Many readers of one cold session.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::cache_stage::{Site, found};

const READERS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_of_one_cold_session_cost_one_database_read() {
    let site = Site::new().await;
    let key = site.cold_session(7).await;
    site.database.take_calls();
    // The database answers only when all have been told that the cache has nothing.
    let asked = Arc::new(Semaphore::new(0));
    let all_asked = Arc::clone(&asked);
    site.database.before("load", async move {
        let _all = all_asked
            .acquire_many(u32::try_from(READERS).unwrap())
            .await
            .unwrap();
    });
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (store, key, asked) = (Arc::clone(&site.store), key.clone(), Arc::clone(&asked));
            tokio::spawn(async move {
                let mut reading = Box::pin(async { found(&store, &key).await });
                // Polled once, it has asked the cache in this process's memory and waits for the database.
                let first = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(reading.as_mut().poll(context))
                });
                let first = first.await;
                asked.add_permits(1);
                match first {
                    std::task::Poll::Ready(value) => value,
                    std::task::Poll::Pending => reading.await,
                }
            })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), Some(7));
    }
    assert_eq!(site.database.take_calls(), ["load"]);
}

#[tokio::test]
async fn a_reader_that_gives_up_leaves_the_others_reading() {
    let site = Site::new().await;
    let key = site.cold_session(7).await;
    site.database.before("load", std::future::pending());
    let mut leader = Box::pin(found(&site.store, &key));
    let mut waiting = Box::pin(found(&site.store, &key));
    tokio::select! {
        biased;
        _ = &mut leader => panic!("the database does not answer"),
        _ = &mut waiting => panic!("it waits for the leader"),
        () = std::future::ready(()) => {}
    }
    drop(leader);
    assert_eq!(waiting.await, Some(7));
}
