use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_s3::{EventFaultCounts, EventFaults, QueueSettings};
use serde_json::Value;
use tokio::sync::Notify;

use crate::support::{Site, drain, site_with};

const CALM: EventFaults =
    EventFaults { seed: 3, duplicate: 0.0, delay: 0.0, longest_delay: Duration::ZERO, shuffle: false };

/// Longer than any test.
const HOURS: Duration = Duration::from_secs(3600 * 1000);

async fn faulty(faults: EventFaults) -> Site {
    let settings = QueueSettings { batch_size: 1, concurrency: 1, ..QueueSettings::default() };
    site_with(|builder| builder.queue(settings).event_faults(faults)).await
}

/// Keys in the order of delivery, and each message's id; ends after `count` of them, or when nothing is left.
async fn delivered(site: &Site, count: usize) -> Vec<(String, String)> {
    let (seen, enough) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (kept, reached, queue) = (Arc::clone(&seen), Arc::clone(&enough), site.server.queue());
    let deliver = move |batch: Vec<local_s3::Message>| {
        let mut kept = kept.lock().unwrap();
        kept.extend(batch);
        if kept.len() == count {
            reached.notify_one();
        }
        async { Vec::new() }
    };
    let settled = queue.clone();
    let stop = async move {
        tokio::select! {
            () = settled.settled() => {}
            () = enough.notified() => {}
        }
    };
    queue.run(deliver, stop).await;
    let seen = seen.lock().unwrap();
    seen.iter().map(|message| (key(&message.body), message.id.clone())).collect()
}

fn key(body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap();
    document["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
}

async fn put_all(site: &Site, count: usize) -> Vec<String> {
    let keys: Vec<String> = (0..count).map(|at| format!("{at:03}")).collect();
    for key in &keys {
        site.put("noted", key, "1").await;
    }
    keys
}

#[tokio::test]
async fn duplicates_are_messages_of_their_own_and_all_arrive() {
    let site = faulty(EventFaults { duplicate: 0.5, ..CALM }).await;
    let keys = put_all(&site, 60).await;
    let seen = delivered(&site, usize::MAX).await;
    let ids: HashSet<&String> = seen.iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), seen.len());
    let mut times: HashMap<&str, usize> = HashMap::new();
    seen.iter().for_each(|(key, _)| *times.entry(key).or_default() += 1);
    assert_eq!(times.len(), keys.len());
    assert!(times.values().all(|times| (1..=3).contains(times)));
    let duplicated = (seen.len() - keys.len()) as u64;
    assert!(duplicated > 0);
    assert_eq!(site.server.queue().event_faults(), EventFaultCounts { duplicated, delayed: 0 });
}

#[tokio::test]
async fn shuffled_events_all_arrive_in_another_order_that_the_seed_decides() {
    let mut orders = Vec::new();
    for _ in 0..2 {
        let site = faulty(EventFaults { shuffle: true, ..CALM }).await;
        let keys = put_all(&site, 30).await;
        let seen: Vec<String> = delivered(&site, usize::MAX).await.into_iter().map(|(key, _)| key).collect();
        assert_ne!(seen, keys);
        let mut sorted = seen.clone();
        sorted.sort();
        assert_eq!(sorted, keys);
        orders.push(seen);
    }
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn what_is_not_delayed_overtakes_what_is() {
    let site = faulty(EventFaults { delay: 0.5, longest_delay: HOURS, ..CALM }).await;
    let keys = put_all(&site, 30).await;
    assert_eq!(site.server.queue().depth().visible, 30, "what is delayed is waiting");
    let counts = site.server.queue().event_faults();
    let delayed = usize::try_from(counts.delayed).unwrap();
    assert!((1..30).contains(&delayed) && counts.duplicated == 0, "{counts:?}");
    let mut seen: Vec<String> =
        delivered(&site, 30 - delayed).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(site.server.queue().depth().visible, delayed);
    assert_ne!(seen, keys[..seen.len()], "not just the first ones");
    let rest = drain(&site.restart().await.server.queue()).await;
    seen.extend(rest.iter().map(|body| key(body)));
    seen.sort();
    assert_eq!(seen, keys);
}

#[tokio::test]
async fn delayed_events_come_by_themselves() {
    let faults = EventFaults { delay: 1.0, longest_delay: Duration::from_millis(20), ..CALM };
    let site = faulty(faults).await;
    let keys = put_all(&site, 10).await;
    let mut seen: Vec<String> = delivered(&site, usize::MAX).await.into_iter().map(|(key, _)| key).collect();
    seen.sort();
    assert_eq!(seen, keys);
    assert_eq!(site.server.queue().event_faults(), EventFaultCounts { duplicated: 0, delayed: 10 });
}

#[tokio::test]
async fn duplicates_outlive_the_server_and_nothing_is_delayed_after_it() {
    let site = faulty(EventFaults { duplicate: 1.0, delay: 1.0, longest_delay: HOURS, ..CALM }).await;
    put_all(&site, 10).await;
    let sent = 10 + site.server.queue().event_faults().duplicated;
    assert!(sent >= 20);
    let rest = drain(&site.restart().await.server.queue()).await;
    assert_eq!(rest.len() as u64, sent);
}
