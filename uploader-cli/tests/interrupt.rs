//! Ctrl-C and SIGTERM end the program at once, at questions and in blocked calls; pipes and devices are no pictures.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use support::{Site, photo, run};
use tokio::process::Command;

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// Runs `command` on a terminal of its own until the screen shows `sign`, and sends it `signal`. Returns its status and
/// the screen.
async fn interrupted(mut command: Command, sign: &str, signal: Signal) -> (i32, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
    command.stdin(Stdio::from(terminal.try_clone().unwrap()));
    command.stderr(Stdio::from(terminal)).stdout(Stdio::null()).env("TERM", "xterm");
    let mut child = command.spawn().unwrap();
    drop(command);
    let screen = Arc::new(Mutex::new(String::new()));
    let reading = std::thread::spawn({
        let (screen, mut ours) = (Arc::clone(&screen), std::fs::File::from(ours));
        move || {
            let mut piece = [0; 1024];
            while let Ok(read @ 1..) = ours.read(&mut piece) {
                screen.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        }
    });
    let begun = Instant::now();
    while !screen.lock().unwrap().contains(sign) {
        assert!(begun.elapsed() < Duration::from_secs(30), "no '{sign}': {}", screen.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await.expect("alive after 5 s");
    reading.join().unwrap();
    let screen = screen.lock().unwrap().clone();
    (status.unwrap().code().unwrap(), screen)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signal_ends_every_question() {
    let site = Site::new(|_| Vec::new()).await;
    site.file("x.jpg", &photo(0));
    for signal in [Signal::INT, Signal::TERM] {
        let mut alt = site.put();
        alt.arg(site.files().join("x.jpg"));
        let (status, screen) = interrupted(alt, "show?", signal).await;
        assert_eq!(status, 130, "{screen}");
        assert!(screen.contains("interrupted; nothing was sent"), "{screen}");
    }
    assert!(site.keys("originals").await.is_empty());

    site.client.put_object().bucket("originals").key("x.jpg").body(photo(1).into()).send().await.unwrap();
    let mut replace = site.put();
    replace.arg(site.files().join("x.jpg")).args(["--markup", "none"]);
    let (status, screen) = interrupted(replace, "[y/N]", Signal::INT).await;
    assert_eq!(status, 130, "{screen}");
    let mut rm = site.uploader("rm");
    rm.arg("x.jpg");
    let (status, screen) = interrupted(rm, "[y/N]", Signal::INT).await;
    assert_eq!(status, 130, "{screen}");
    assert_eq!(site.keys("originals").await, ["x.jpg"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signal_ends_waiting_and_watching() {
    let site = Site::new(|_| Vec::new()).await;
    site.file("x.jpg", &photo(0));
    let mut waiting = site.put();
    waiting.arg(site.files()).args(["--markup", "none"]);
    let (status, screen) = interrupted(waiting, "renditions", Signal::INT).await;
    assert_eq!(status, 130, "{screen}");
    assert!(screen.contains("0 of 1 files are done"), "{screen}");
    // To end is the usual way to stop watching.
    let mut watch = site.uploader("watch");
    watch.arg(site.files());
    let (status, screen) = interrupted(watch, "watching", Signal::INT).await;
    assert_eq!(status, 0, "{screen}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_blocked_read_of_another_file() {
    let site = Site::new(|_| Vec::new()).await;
    site.file("x.jpg", &photo(0));
    let texts = site.home().join("alt.toml");
    pipe(&texts);
    // No thread but this one can end the program: the texts are read where everything else happens.
    let mut command = site.put();
    command.arg(site.files()).arg("--alt-file").arg(&texts).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await.expect("alive after 5 s");
    assert_eq!(status.unwrap().code(), Some(130));
    site.stop().await;
}

#[tokio::test]
async fn pipes_sockets_and_devices_are_skipped_in_folders_and_refused_by_name() {
    let site = Site::new(|_| Vec::new()).await;
    site.file("a.jpg", &photo(0));
    let (fifo, socket) = (site.files().join("p.jpg"), site.files().join("s.jpg"));
    pipe(&fifo);
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::os::unix::fs::symlink("/dev/zero", site.files().join("z.jpg")).unwrap();
    let ran = run(site.put().arg(site.files()).arg("--no-wait")).await;
    assert_eq!(ran.status, 0, "{ran:?}");
    for words in [
        "p.jpg was skipped: it is a pipe",
        "s.jpg was skipped: it is a socket",
        "z.jpg was skipped: it is a device",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!(site.keys("originals").await, ["a.jpg"]);

    let ran = run(site.put().arg(&fifo)).await;
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("use `- --name NAME`"), "{}", ran.stderr);
    for (path, kind) in [(socket.as_path(), "a socket"), (Path::new("/dev/zero"), "a device")] {
        let ran = run(site.put().arg(path)).await;
        assert!(ran.status == 2 && ran.stderr.contains(kind), "{ran:?}");
    }
    site.stop().await;
}
