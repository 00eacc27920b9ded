use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_s3::{EventFaultCounts, EventFaults, QueueSettings};
use serde_json::Value;

use crate::support::{Site, builder, drain, site_with};

const CALM: EventFaults =
    EventFaults { seed: 3, duplicate: 0.0, delay: 0.0, longest_delay: Duration::ZERO, shuffle: false };

async fn faulty(faults: EventFaults) -> Site {
    let settings = QueueSettings { batch_size: 1, concurrency: 1, ..QueueSettings::default() };
    site_with(|builder| builder.queue(settings).event_faults(faults)).await
}

/// Keys in the order of delivery, and each message's id.
async fn delivered(site: &Site) -> Vec<(String, String)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (kept, queue) = (Arc::clone(&seen), site.server.queue());
    let deliver = move |batch: Vec<local_s3::Message>| {
        kept.lock().unwrap().extend(batch);
        async { Vec::new() }
    };
    let settled = queue.clone();
    queue.run(deliver, async move { settled.settled().await }).await;
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
    let seen = delivered(&site).await;
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
        let seen: Vec<String> = delivered(&site).await.into_iter().map(|(key, _)| key).collect();
        assert_ne!(seen, keys);
        let mut sorted = seen.clone();
        sorted.sort();
        assert_eq!(sorted, keys);
        orders.push(seen);
    }
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn delayed_events_come_later_and_all_arrive() {
    let faults = EventFaults { delay: 0.5, longest_delay: Duration::from_millis(300), ..CALM };
    let site = faulty(faults).await;
    let keys = put_all(&site, 30).await;
    assert_eq!(site.server.queue().depth().visible, 30, "what is delayed is waiting");
    let seen: Vec<String> = delivered(&site).await.into_iter().map(|(key, _)| key).collect();
    assert_ne!(seen, keys);
    let sorted: HashSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), sorted.len()), (30, 30));
    let counts = site.server.queue().event_faults();
    assert!(counts.delayed > 0 && counts.duplicated == 0, "{counts:?}");
}

#[tokio::test]
async fn duplicates_outlive_the_server_and_nothing_is_delayed_after_it() {
    let hours = Duration::from_secs(3600 * 1000);
    let site = faulty(EventFaults { duplicate: 1.0, delay: 1.0, longest_delay: hours, ..CALM }).await;
    put_all(&site, 10).await;
    let sent = 10 + site.server.queue().event_faults().duplicated;
    assert!(sent >= 20);
    let Site { server, dir, .. } = site;
    server.stop().await;
    let server = builder(dir.path()).start().await.unwrap();
    assert_eq!(drain(&server.queue()).await.len() as u64, sent);
}
