use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use local_s3::{Fault, FaultRates, Faults};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Site, is, refused, site_with};

/// A megabyte that tells its parts apart.
fn large() -> Vec<u8> {
    (0..1_000_000_u32).map(|at| (at / 251) as u8).collect()
}

/// A site with what faults cannot touch yet: `plain` holds `old`, and what comes then meets `fault`.
async fn site(fault: Fault) -> (Site, Faults) {
    let faults = Faults::scripted(move |_| Some(fault.clone()));
    faults.pause();
    let given = faults.clone();
    let site = site_with(|builder| builder.faults(given)).await;
    site.put("plain", "old", large()).await;
    faults.resume();
    (site, faults)
}

impl Site {
    async fn try_put(&self, key: &str, body: Vec<u8>) -> Result<(), String> {
        let put = self.client.put_object().bucket("plain").key(key).body(body.into()).send().await;
        put.map(|_| ()).map_err(|error| unanswered(&error))
    }
}

/// The text of an error that is not an answer of the server's.
fn unanswered<E: std::error::Error + 'static>(error: &SdkError<E>) -> String {
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    format!("{}", DisplayErrorContext(error))
}

/// Reads all there is of an object: how many bytes came, and what ended it.
async fn read(client: &Client, key: &str) -> (usize, Result<(), String>) {
    let mut body = client.get_object().bucket("plain").key(key).send().await.unwrap().body;
    let mut read = 0;
    loop {
        match body.next().await {
            Some(Ok(bytes)) => read += bytes.len(),
            Some(Err(error)) => return (read, Err(format!("{}", DisplayErrorContext(&error)))),
            None => return (read, Ok(())),
        }
    }
}

/// The tests of refusals: each answer names its code, and nothing is done.
async fn refuses(fault: Fault, status: u16, code: &str) {
    let (site, faults) = site(fault).await;
    let put = site.client.put_object().bucket("plain").key("new").body(large().into());
    assert_eq!(refused(put.send()).await, is(status, code));
    assert_eq!(
        refused(site.client.delete_object().bucket("plain").key("old").send()).await,
        is(status, code)
    );
    faults.pause();
    assert_eq!(site.keys("plain").await, ["old"]);
    let counts = faults.counts();
    assert_eq!((counts.requests, counts.attempts), (2, 2));
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 2);
}

#[tokio::test]
async fn throttling_is_a_503_and_nothing_is_done() {
    refuses(Fault::SlowDown, 503, "SlowDown").await;
    let (site, _) = site(Fault::SlowDown).await;
    assert_eq!(
        refused(site.client.get_object().bucket("plain").key("old").send()).await,
        is(503, "SlowDown")
    );
    let head = site.client.head_object().bucket("plain").key("old").send().await.unwrap_err();
    let head = head.raw_response().unwrap();
    assert_eq!((head.status().as_u16(), head.body().bytes()), (503, Some(&b""[..])));
}

#[tokio::test]
async fn an_internal_error_is_a_500_and_nothing_is_done() {
    refuses(Fault::InternalError, 500, "InternalError").await;
}

#[tokio::test]
async fn conflicts_are_409_by_the_kind_of_write_and_never_meet_reads() {
    refuses(Fault::Conflict, 409, "OperationAborted").await;
    let (site, faults) = site(Fault::Conflict).await;
    let put = || site.client.put_object().bucket("plain").key("new");
    let conditional = is(409, "ConditionalRequestConflict");
    assert_eq!(refused(put().if_none_match("*").send()).await, conditional);
    assert_eq!(refused(put().if_match("\"a\"").send()).await, conditional);
    assert_eq!(site.get("plain", "old").await, large());
    assert_eq!(faults.counts().conflict, 2);
}

#[tokio::test]
async fn a_read_is_reset_in_the_middle_of_its_body() {
    let (site, faults) = site(Fault::Reset).await;
    let (bytes, end) = read(&site.client, "old").await;
    assert!(bytes <= large().len() / 2, "{bytes}");
    assert!(end.unwrap_err().contains("reset"));
    // Small ones too: half of the body is there, and then no more.
    faults.pause();
    site.put("plain", "small", "1234567890").await;
    faults.resume();
    let (bytes, end) = read(&site.client, "small").await;
    assert_eq!(bytes, 5);
    assert!(end.unwrap_err().contains("reset"));
    assert_eq!(faults.counts().reset, 2);
}

#[tokio::test]
async fn a_write_is_reset_in_the_middle_of_its_body_and_nothing_is_done() {
    let (site, faults) = site(Fault::Reset).await;
    for body in [large(), b"12345".to_vec(), b"1".to_vec(), Vec::new()] {
        let error = site.try_put("new", body).await.unwrap_err();
        assert!(["reset", "broken pipe"].iter().any(|said| error.to_lowercase().contains(said)), "{error}");
    }
    let delete = site.client.delete_object().bucket("plain").key("old").send().await.unwrap_err();
    assert!(unanswered(&delete).contains("reset"));
    faults.pause();
    assert_eq!(site.keys("plain").await, ["old"]);
    let left = std::fs::read_dir(site.dir.path().join(".s3/tmp")).unwrap().count();
    assert_eq!(left, 0, "of the broken bodies nothing is left");
    assert_eq!(faults.counts().reset, 5);
}

/// The reset is one of TCP's, not just an end.
#[tokio::test]
async fn a_reset_is_a_reset() {
    for (fault, kind) in [(Fault::Reset, Some(std::io::ErrorKind::ConnectionReset)), (Fault::Truncated, None)]
    {
        let (site, _) = site(fault).await;
        let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
        let request = format!("HEAD /plain/old HTTP/1.1\r\nhost: {}\r\n\r\n", site.server.address());
        stream.write_all(request.as_bytes()).await.unwrap();
        let end = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(end.err().map(|error| error.kind()), kind);
    }
}

#[tokio::test]
async fn a_truncated_answer_ends_before_its_length() {
    let (site, faults) = site(Fault::Truncated).await;
    let (bytes, end) = read(&site.client, "old").await;
    assert_eq!(bytes, large().len() / 2, "all of the half that was sent");
    let end = end.unwrap_err();
    assert!(!end.contains("reset"), "{end}");
    assert_eq!(faults.counts().truncated, 1);
    // Of an empty object there is no half: its answer never comes.
    faults.pause();
    site.put("plain", "empty", "").await;
    faults.resume();
    unanswered(&site.client.get_object().bucket("plain").key("empty").send().await.unwrap_err());
    // Nor does a listing pass for a whole one.
    site.client.list_objects_v2().bucket("plain").send().await.unwrap_err();
}

#[tokio::test]
async fn without_a_body_to_truncate_the_answer_never_comes_and_nothing_is_done() {
    let (site, faults) = site(Fault::Truncated).await;
    for body in [large(), b"1".to_vec()] {
        let error = site.try_put("new", body).await.unwrap_err();
        assert!(!error.contains("reset"), "{error}");
    }
    unanswered(&site.client.delete_object().bucket("plain").key("old").send().await.unwrap_err());
    unanswered(&site.client.head_object().bucket("plain").key("old").send().await.unwrap_err());
    faults.pause();
    assert_eq!(site.keys("plain").await, ["old"]);
    assert_eq!(faults.counts().truncated, 4);
}

#[tokio::test]
async fn a_document_is_truncated_after_the_work_is_done() {
    let (site, faults) = site(Fault::Truncated).await;
    let object = ObjectIdentifier::builder().key("old").build().unwrap();
    let delete = Delete::builder().objects(object).build().unwrap();
    site.client.delete_objects().bucket("plain").delete(delete).send().await.unwrap_err();
    faults.pause();
    assert!(site.keys("plain").await.is_empty());
}

#[tokio::test]
async fn slow_bodies_arrive_whole_and_not_before_their_time() {
    let time = Duration::from_millis(80);
    let (site, faults) = site(Fault::Slow(time)).await;
    let started = Instant::now();
    site.try_put("new", large()).await.unwrap();
    site.try_put("small", b"1".to_vec()).await.unwrap();
    assert_eq!(site.get("plain", "old").await, large());
    site.client.delete_object().bucket("plain").key("old").send().await.unwrap();
    assert!(started.elapsed() >= 4 * time);
    faults.pause();
    assert_eq!((site.get("plain", "new").await, site.get("plain", "small").await), (large(), b"1".to_vec()));
    assert_eq!(site.keys("plain").await, ["new", "small"]);
    assert_eq!(faults.counts().slow, 4);
}

#[tokio::test]
async fn a_lost_answer_hides_that_the_work_is_done() {
    let (site, faults) = site(Fault::Lost).await;
    let put = || site.client.put_object().bucket("plain").key("new").if_none_match("*").body(large().into());
    unanswered(&put().send().await.unwrap_err());
    unanswered(&site.client.delete_object().bucket("plain").key("old").send().await.unwrap_err());
    unanswered(&site.client.get_object().bucket("plain").key("new").send().await.unwrap_err());
    faults.pause();
    assert_eq!(refused(put().send()).await, is(412, "PreconditionFailed"), "a retry finds its own work");
    assert_eq!(site.get("plain", "new").await, large());
    assert_eq!(site.keys("plain").await, ["new"]);
    assert_eq!(faults.counts().lost, 3);
}

#[tokio::test]
async fn a_held_request_is_held_until_its_client_goes_away() {
    for done in [false, true] {
        let (site, faults) = site(Fault::Stall { done }).await;
        let put = site.client.put_object().bucket("plain").key("new").body(large().into()).send();
        let put = tokio::spawn(put);
        faults.stalled().await;
        assert!(!put.is_finished());
        put.abort();
        assert!(put.await.unwrap_err().is_cancelled());
        faults.pause();
        let expected = if done { vec!["new", "old"] } else { vec!["old"] };
        assert_eq!(site.keys("plain").await, expected);
        assert_eq!(faults.counts().stalled, 1);
        // Soon nothing is held any more, and the next one would have to be waited for.
        while tokio::time::timeout(Duration::from_millis(1), faults.stalled()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_lets_go_of_what_it_holds() {
    let (site, faults) = site(Fault::Stall { done: false }).await;
    let client = site.client.clone();
    let get = tokio::spawn(async move { client.get_object().bucket("plain").key("old").send().await });
    faults.stalled().await;
    site.server.stop().await;
    unanswered(&get.await.unwrap().unwrap_err());
}

#[tokio::test]
async fn a_script_sees_what_was_asked() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let faults = Faults::scripted(move |request| {
        let line = format!("{} {}/{} {}", request.method, request.bucket, request.key, request.occurrence);
        kept.lock().unwrap().push((line, request.attempt, request.number));
        (request.method == "PUT" && request.occurrence == 0).then_some(Fault::InternalError)
    });
    let site = site_with(|builder| builder.faults(faults.clone())).await;
    assert!(site.client.put_object().bucket("plain").key("a b/ü+").send().await.is_err());
    site.put("plain", "a b/ü+", "1").await;
    assert_eq!(site.get("plain", "a b/ü+").await, b"1");
    let seen = seen.lock().unwrap().clone();
    let lines: Vec<(&str, u32, u64)> =
        seen.iter().map(|(line, attempt, number)| (line.as_str(), *attempt, *number)).collect();
    let expected = [("PUT plain/a b/ü+ 0", 1, 0), ("PUT plain/a b/ü+ 1", 1, 1), ("GET plain/a b/ü+ 0", 1, 2)];
    assert_eq!(lines, expected);
}

/// With the SDK's retries on, everything is written and read back under faults; and the same seed means the same.
#[tokio::test]
async fn a_client_that_retries_gets_through_and_a_seed_repeats() {
    let rates = FaultRates {
        slow_down: 0.1,
        internal_error: 0.05,
        reset: 0.05,
        truncated: 0.05,
        slow: 0.02,
        lost: 0.05,
        ..FaultRates::default()
    };
    let mut met = Vec::new();
    for _ in 0..2 {
        let faults = Faults::seeded(11, rates);
        let site = site_with(|builder| builder.faults(faults.clone())).await;
        let config = crate::support::config(&site.server, "local", "locallocal")
            .retry_config(
                aws_sdk_s3::config::retry::RetryConfig::standard()
                    .with_max_attempts(20)
                    .with_initial_backoff(Duration::from_millis(1))
                    .with_max_backoff(Duration::from_millis(2)),
            )
            .retry_partition(aws_sdk_s3::config::retry::RetryPartition::custom("free").build());
        let client = Client::from_conf(config.build());
        for at in 0..25 {
            let key = at.to_string();
            let body = vec![b'x'; 1000 + at];
            client.put_object().bucket("plain").key(&key).body(body.clone().into()).send().await.unwrap();
            // A body that breaks is the reader's to ask for again.
            let mut read = None;
            while read.is_none() {
                let got = client.get_object().bucket("plain").key(&key).send().await.unwrap();
                read = got.body.collect().await.ok();
            }
            assert_eq!(read.unwrap().to_vec(), body);
        }
        let counts = faults.counts();
        assert!(counts.attempts > counts.requests && counts.requests >= 50, "{counts:?}");
        assert!(
            counts.iter().all(|(kind, count)| count > 0 || matches!(kind, "conflict" | "stalled" | "slow"))
        );
        met.push(counts);
    }
    assert_eq!(met[0], met[1]);
}
