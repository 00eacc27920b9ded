use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_s3::{Depth, Message, Queue, QueueSettings};

use crate::support::{Site, builder, site_with};

fn quick() -> QueueSettings {
    QueueSettings {
        max_receives: 3,
        batch_size: 1,
        concurrency: 1,
        backoff: Duration::from_millis(1),
        longest_backoff: Duration::from_millis(2),
        ..QueueSettings::default()
    }
}

async fn site(settings: QueueSettings) -> Site {
    site_with(|builder| builder.queue(settings)).await
}

/// Delivers until settled; `fails` says which delivery of which message fails. Returns what was delivered.
async fn run(queue: &Queue, fails: impl Fn(&Message) -> bool + Send + Sync + 'static) -> Vec<Message> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (settled, kept) = (queue.clone(), Arc::clone(&seen));
    let fails = Arc::new(fails);
    let deliver = move |batch: Vec<Message>| {
        let (kept, fails) = (Arc::clone(&kept), Arc::clone(&fails));
        async move {
            let failed =
                batch.iter().filter(|message| fails(message)).map(|message| message.id.clone()).collect();
            kept.lock().unwrap().extend(batch);
            failed
        }
    };
    queue.run(deliver, async move { settled.settled().await }).await;
    Arc::try_unwrap(seen).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn a_failed_message_comes_again_and_then_is_done() {
    let site = site(quick()).await;
    let queue = site.server.queue();
    let id = queue.send("hello".into()).unwrap();
    assert_eq!(queue.depth(), Depth { visible: 1, in_flight: 0, dead: 0 });
    let seen = run(&queue, |message| message.receive_count == 1).await;
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter().all(|message| message.id == id && message.body == "hello" && message.max_receives == 3)
    );
    assert_eq!(seen.iter().map(|message| message.receive_count).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(seen[0].receipt, seen[1].receipt);
    assert_eq!(seen[0].first_receive_unix_ms, seen[1].first_receive_unix_ms);
    assert!(seen[0].first_receive_unix_ms >= seen[0].sent_unix_ms);
    assert_eq!(queue.depth(), Depth::default());
}

#[tokio::test]
async fn a_poisonous_message_goes_to_the_dead_letters_and_its_neighbours_do_not() {
    let site = site(QueueSettings { batch_size: 3, ..quick() }).await;
    let queue = site.server.queue();
    for body in ["good", "poison", "also good"] {
        queue.send(body.into()).unwrap();
    }
    let seen = run(&queue, |message| message.body == "poison").await;
    assert_eq!(seen.iter().filter(|message| message.body == "poison").count(), 3);
    assert_eq!(seen.len(), 5);
    let dead = queue.dead_letters();
    assert_eq!((dead.len(), dead[0].body.as_str(), dead[0].receive_count), (1, "poison", 3));
    assert_eq!(queue.depth(), Depth { visible: 0, in_flight: 0, dead: 1 });

    let site = restart(site, quick()).await;
    let queue = site.server.queue();
    assert_eq!(queue.dead_letters(), dead, "dead letters outlive the server");
    assert_eq!(queue.redrive().unwrap(), 1);
    let seen = run(&queue, |_| false).await;
    assert_eq!((seen.len(), seen[0].receive_count), (1, 1));
    assert_eq!(queue.depth(), Depth::default());
}

async fn restart(site: Site, settings: QueueSettings) -> Site {
    let Site { server, dir, client } = site;
    server.stop().await;
    let server = builder(dir.path()).queue(settings).start().await.unwrap();
    Site { server, dir, client }
}

#[tokio::test]
async fn a_callback_that_panics_has_failed() {
    let site = site(quick()).await;
    let queue = site.server.queue();
    queue.send("panic".into()).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, settled) = (Arc::clone(&calls), queue.clone());
    let deliver = move |_| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        assert!(call > 0, "the first call panics");
        async { Vec::new() }
    };
    queue.run(deliver, async move { settled.settled().await }).await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(queue.depth(), Depth::default());
}

#[tokio::test]
async fn a_message_not_answered_in_time_comes_again_and_the_late_answer_counts_for_nothing() {
    let settings = QueueSettings { visibility_timeout: Duration::from_millis(20), concurrency: 2, ..quick() };
    let site = site(settings).await;
    let queue = site.server.queue();
    queue.send("slow".into()).unwrap();
    let release = Arc::new(tokio::sync::Notify::new());
    let receives = Arc::new(Mutex::new(Vec::new()));
    let (settled, kept, waits) = (queue.clone(), Arc::clone(&receives), Arc::clone(&release));
    let deliver = move |batch: Vec<Message>| {
        let (kept, waits) = (Arc::clone(&kept), Arc::clone(&waits));
        async move {
            let count = batch[0].receive_count;
            kept.lock().unwrap().push(count);
            if count == 1 {
                waits.notified().await; // until the second delivery is there
                return vec![batch[0].id.clone()]; // says failed, too late to matter
            }
            waits.notify_one();
            Vec::new()
        }
    };
    queue.run(deliver, async move { settled.settled().await }).await;
    assert_eq!(*receives.lock().unwrap(), [1, 2]);
    assert_eq!(queue.depth(), Depth::default());
}

#[tokio::test]
async fn receives_are_counted_over_restarts_and_what_was_in_flight_is_visible() {
    let mut site = site(quick()).await;
    site.server.queue().send("killer".into()).unwrap();
    for expected in 1..=3 {
        let queue = site.server.queue();
        let (taken, took) = tokio::sync::oneshot::channel();
        let taken = Mutex::new(Some(taken));
        // The callback never answers, as if the process had been killed by the message.
        let deliver = move |batch: Vec<Message>| {
            if let Some(taken) = taken.lock().unwrap().take() {
                taken.send(batch[0].receive_count).unwrap();
            }
            std::future::pending::<Vec<String>>()
        };
        let running = tokio::spawn(async move { queue.run(deliver, std::future::pending()).await });
        assert_eq!(took.await.unwrap(), expected);
        assert_eq!(site.server.queue().depth(), Depth { visible: 0, in_flight: 1, dead: 0 });
        running.abort();
        site = restart(site, quick()).await;
        assert_eq!(site.server.queue().depth(), Depth { visible: 1, in_flight: 0, dead: 0 });
    }
    let queue = site.server.queue();
    let seen = run(&queue, |_| false).await;
    assert!(seen.is_empty(), "three receives were all it had");
    assert_eq!(queue.dead_letters().len(), 1);
}

#[tokio::test]
async fn batches_are_as_large_as_asked_and_several_may_be_in_flight() {
    let site = site(QueueSettings { batch_size: 4, concurrency: 2, ..quick() }).await;
    let queue = site.server.queue();
    for at in 0..8 {
        queue.send(at.to_string()).unwrap();
    }
    let together = Arc::new(tokio::sync::Barrier::new(2));
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let (settled, kept, meet) = (queue.clone(), Arc::clone(&sizes), Arc::clone(&together));
    let deliver = move |batch: Vec<Message>| {
        let (kept, meet) = (Arc::clone(&kept), Arc::clone(&meet));
        async move {
            kept.lock().unwrap().push(batch.len());
            meet.wait().await; // passes only if both batches are in flight at once
            Vec::new()
        }
    };
    queue.run(deliver, async move { settled.settled().await }).await;
    assert_eq!(*sizes.lock().unwrap(), [4, 4]);
}

#[tokio::test]
async fn stopping_waits_for_what_is_in_flight() {
    let site = site(quick()).await;
    let queue = site.server.queue();
    queue.send("one".into()).unwrap();
    queue.send("two".into()).unwrap();
    let stop = Arc::new(tokio::sync::Notify::new());
    let (stopping, stopped) = (Arc::clone(&stop), Arc::clone(&stop));
    let deliver = move |_| {
        stopping.notify_one();
        async {
            tokio::task::yield_now().await;
            Vec::new()
        }
    };
    queue.run(deliver, async move { stopped.notified().await }).await;
    assert_eq!(queue.depth(), Depth { visible: 1, in_flight: 0, dead: 0 }, "one done, one not begun");
}
