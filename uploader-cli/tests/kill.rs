//! `kill -9` at random moments of a large upload: it is always finished by the next run, and little is sent twice.
//!
//! `UPLOADER_KILLS=50 UPLOADER_KILL_MIB=300 cargo test --release -p uploader-cli --test kill -- --nocapture` prints
//! the figures of a long run.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use support::Site;
use support::proxy::Proxy;

const PART: u64 = 8 << 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_being_killed() {
    let kills = setting("UPLOADER_KILLS", 6);
    let bytes = setting("UPLOADER_KILL_MIB", 60) << 20;
    let site = Site::built(false, Arc::new(|_: &_| Vec::new()), |builder| builder).await;
    let proxy = Proxy::start(site.server().address(), 0).await;
    let mut random = fastrand::Rng::with_seed(7);
    let mut content = vec![0; usize::try_from(bytes).unwrap()];
    random.fill(&mut content);
    let file = site.file("large.bin", &content);
    let command = |key: &str| {
        let mut command = site.put();
        command.env("AWS_ENDPOINT_URL", &proxy.endpoint).arg(&file).args([
            "--force",
            "--no-wait",
            "--quiet",
            "--to",
            key,
        ]);
        command
    };
    let expected = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &content);

    // How long one takes that nobody disturbs.
    let (begun, before) = (Instant::now(), proxy.sent());
    assert!(command("whole").status().await.unwrap().success());
    let (whole, sent_once) = (begun.elapsed(), proxy.sent() - before);

    let (mut right, mut killed, mut again) = (0, 0, 0);
    for round in 0..kills {
        let (key, before) = (format!("{round}"), proxy.sent());
        let mut running = command(&key).spawn().unwrap();
        tokio::time::sleep(whole.mul_f64(random.f64())).await;
        // It may be done already, on a quick run.
        killed += u64::from(running.try_wait().unwrap().is_none());
        running.kill().await.unwrap();
        // What was under way arrives, or doesn't, before the next run asks.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = command(&key).status().await.unwrap();
        assert!(status.success(), "round {round}: {status}");
        again += (proxy.sent() - before).saturating_sub(sent_once);

        let object = site.client.get_object().bucket("originals").key(format!("{key}/large.bin"));
        let stored = object.send().await.unwrap().body.collect().await.unwrap().into_bytes();
        right += u64::from(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &stored) == expected);
        site.client.delete_object().bucket("originals").key(format!("{key}/large.bin")).send().await.unwrap();
    }
    let uploads = site.client.list_multipart_uploads().bucket("originals").send().await.unwrap();
    let per_kill = again / killed.max(1);
    println!(
        "{right} of {kills} right; {killed} killed in mid-flight; {per_kill} bytes sent twice a kill, {:.2} parts; \
         {} uploads left behind",
        per_kill as f64 / PART as f64,
        uploads.uploads().len()
    );
    assert_eq!(right, kills);
    assert_eq!((uploads.uploads().len(), site.left_behind()), (0, 0));
    assert!(killed > 0, "nothing was killed in mid-flight");
    site.stop().await;
}
