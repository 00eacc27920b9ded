//! A record that came before is settled by the real `bootstrap` in a process of its own, whose death harms nobody.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fixtures::{deflate, png};
use manifest::State;
use serde_json::{Value, json};
use thumbnailer::{Fate, Isolation, ObjectEvent, Outcome, Retryable, parse};
use world::{World, batch, picture, with};

/// An executable script in `folder`. Written by a process that ends: a file that this one had open for writing could
/// be held open by a child that another test is starting, and such a file cannot be executed.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("bootstrap");
    let mut shell = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{text}\n").as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
    path
}

/// The real `bootstrap` with `world` as its surroundings, started after the shell command `first`.
fn bootstrap(world: &World, folder: &Path, first: &str) -> Isolation {
    let environment = format!(
        "export AWS_ENDPOINT_URL=http://{} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=locallocal\n\
         export AWS_REGION=us-east-1 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null\n\
         export DERIVED_BUCKET=derived PRESET='widths = [40, 80]'",
        world.server.address()
    );
    Isolation::new(script(
        folder,
        &format!("{environment}\n{first}\nexec '{}'", env!("CARGO_BIN_EXE_bootstrap")),
    ))
}

/// `events` as a batch whose messages were received `times`.
fn received(events: &[Value], times: u32) -> Value {
    let mut payload = batch(events);
    for record in payload["Records"].as_array_mut().unwrap() {
        record["attributes"]["ApproximateReceiveCount"] = json!(times.to_string());
    }
    payload
}

fn object_event(event: &Value) -> ObjectEvent {
    let mut delivery = parse(event).unwrap();
    delivery.messages.remove(0).events.remove(0).unwrap()
}

/// Delivers `events` to a function with `isolation` as messages that came before; ids that failed, and outcomes.
async fn deliver_again(world: &mut World, isolation: Isolation, events: &[Value]) -> (Value, Vec<Outcome>) {
    world.outcomes();
    world.thumbnailer = world.thumbnailer.clone().isolated(isolation);
    let answer = world.thumbnailer.handle(received(events, 2), None).await.unwrap();
    (answer, world.outcomes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_child_derives_is_what_this_process_derives() {
    let folder = tempfile::tempdir().unwrap();
    let here = World::start().await;
    here.put("a b+ü.jpg", picture(1)).await;
    let expected = here.deliver_one(&here.take_event().await).await;

    let mut world = World::start().await;
    world.put("a b+ü.jpg", picture(1)).await;
    let event = world.take_event().await;
    let isolation = bootstrap(&world, folder.path(), "");
    let (answer, outcomes) = deliver_again(&mut world, isolation, std::slice::from_ref(&event)).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let [told] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((&told.fate, told.receive_count), (&Fate::Derived, 2));
    let stages = told.report.stages;
    assert!(!stages.fetch.is_zero() && !stages.decode.is_zero() && !stages.commit.is_zero());
    let mut report = told.report.clone();
    report.stages = expected.report.stages;
    assert_eq!(report, expected.report);
    let [here, there] =
        [here.manifest("a b+ü.jpg").await.unwrap(), world.manifest("a b+ü.jpg").await.unwrap()];
    assert_eq!((here.state, there.state), (State::Derived, State::Derived));
    assert_eq!(here.renditions, there.renditions);
    assert!(!here.renditions.is_empty());

    assert_eq!(world.deliver_one(&event).await.fate, Fate::AlreadyDerived);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_child_rejects_or_cannot_settle_is_told_in_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start().await;
    world.put("page.jpg", b"<html>".to_vec()).await;
    let page = world.take_event().await;
    let elsewhere = with(&page, "bucket", "no-such-bucket");
    let isolation = bootstrap(&world, folder.path(), "");
    let (answer, outcomes) = deliver_again(&mut world, isolation, &[page, elsewhere]).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m1" }] }));
    assert_eq!(outcomes[0].fate, Fate::Rejected);
    assert_eq!(outcomes[0].report.reason.as_ref().unwrap().code, "not-an-image");
    let Fate::Retryable(Retryable::Isolated { cause }) = &outcomes[1].fate else { panic!("{outcomes:?}") };
    assert!(cause.contains("no such bucket") && cause.contains("no-such-bucket"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_came_before_is_isolated() {
    let mut world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    world.thumbnailer = world.thumbnailer.clone().isolated(Isolation::new("/no/such/program"));
    assert_eq!(world.deliver_one(&event).await.fate, Fate::Derived);
    let answer = world.thumbnailer.handle(received(&[event], 2), None).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] }));
    let Fate::Retryable(Retryable::Died { key, how }) = world.outcomes().remove(0).fate else { panic!() };
    assert_eq!(key, "a.jpg");
    assert!(how.contains("could not be started") && how.contains("/no/such/program"), "{how}");
}

/// A PNG of 240 kB whose 1.6 gigapixels are a byte each once decoded: interlaced, so that it has to be decoded as a
/// whole before it is made smaller.
fn vast() -> Vec<u8> {
    let side = 40_000_u64;
    // Adam7: of each pass, columns and rows that one of its pixels stands for.
    let passes = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)];
    let bytes = passes.iter().map(|(across, down)| (1 + (side / across).div_ceil(8)) * (side / down)).sum();
    let mut file = png::start(side as u32, side as u32, 1, 0, true);
    file.extend(png::chunk(*b"IDAT", &deflate::zlib_zeros(bytes)));
    file.extend(png::chunk(*b"IEND", &[]));
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_aborts_its_process_harms_no_neighbour() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start().await;
    world.put("1.jpg", picture(1)).await;
    world.put("vast.png", vast()).await;
    world.put("3.jpg", picture(3)).await;
    let events = world.take_events().await;
    let little = "ulimit -v 1500000; export MAX_PIXELS=9999999999 MAX_DECODED_BYTES=99999999999";
    let isolation = bootstrap(&world, folder.path(), little);
    let (answer, outcomes) = deliver_again(&mut world, isolation, &events).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m1" }] }));
    let fate = |key: &str| &outcomes.iter().find(|outcome| outcome.key == key).unwrap().fate;
    assert_eq!((fate("1.jpg"), fate("3.jpg")), (&Fate::Derived, &Fate::Derived));
    let Fate::Retryable(Retryable::Died { key, how }) = fate("vast.png") else { panic!("{outcomes:?}") };
    assert_eq!(key, "vast.png");
    for words in
        ["signal 6 (SIGABRT)", "memory allocation of", "more memory than there is", "MAX_DECODED_BYTES"]
    {
        assert!(how.contains(words), "{how}");
    }
    assert_eq!(world.manifest("3.jpg").await.unwrap().state, State::Derived);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_early_is_told_of_by_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let event = object_event(&world.take_event().await);
    let isolation =
        Isolation::new(script(folder.path(), "echo 'out of luck' >&2\necho '{\"fate\":'\nexit 3"));
    let died = isolation.run(&event, 2, None).await.unwrap_err();
    assert_eq!(
        died.to_string(),
        "the process that worked on a.jpg ended with exit code 3 after \"out of luck\": it gave no verdict. Its log \
         has more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_does_not_outlive_its_parent() {
    // Takes requests and never answers them.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .envs([
            (thumbnailer::RECORD_VARIABLE, "1"),
            ("DERIVED_BUCKET", "derived"),
            ("AWS_REGION", "us-east-1"),
        ])
        .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "locallocal")])
        .env("AWS_ENDPOINT_URL", format!("http://{}", silent.local_addr().unwrap()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let event =
        json!({ "change": "Created", "bucket": "originals", "key": "a.jpg", "etag": "e", "sequencer": "01" });
    let order = format!("{}\n", json!({ "event": event, "receive_count": 2, "left_ms": null }));
    let mut stdin = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, order.as_bytes()).await.unwrap();
    let _working = silent.accept().await.unwrap();
    drop(stdin);
    let output =
        tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_the_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let event = object_event(&world.take_event().await);
    let isolation = Isolation::new(script(folder.path(), "echo $$ > \"$0.pid\"; exec sleep 600"));
    let deadline = Instant::now() + Duration::from_secs(2);
    let late = isolation.run(&event, 2, Some(deadline)).await.unwrap_err();
    assert_eq!(late, Retryable::Deadline { doing: "working on a.jpg".into() });
    let pid = std::fs::read_to_string(folder.path().join("bootstrap.pid")).unwrap();
    let alive = Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status().unwrap();
    assert!(!alive.success(), "process {pid} still runs");
}
