//! What goes wrong is said with the file, the code and the next step; usage errors do nothing at all.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Ran, Site, photo, run, uploader};

/// Buckets that somebody named, so that they may be addressed on Amazon's S3.
const BUCKETS: [&str; 4] = ["--bucket", "named-originals", "--derived-bucket", "named-derived"];

fn assert_says(ran: &Ran, status: i32, words: &[&str]) {
    assert_eq!(ran.status, status, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    for word in words {
        assert!(ran.stderr.contains(word), "'{word}' is missing in: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_missing_bucket_is_named() {
    let site = Site::new(|_| Vec::new()).await;
    let file = site.file("x.jpg", &photo(0));
    let ran = run(site.put().arg(&file).args(["--bucket", "nowhere"])).await;
    assert_says(&ran, 1, &["x.jpg", "nowhere/x.jpg", "NoSuchBucket", "--bucket"]);
    let ran = run(site.put().arg(&file).args(["--derived-bucket", "nowhere"])).await;
    assert_says(&ran, 1, &["x.jpg", "NoSuchBucket", "--derived-bucket"]);
    site.stop().await;
}

#[tokio::test]
async fn wrong_credentials_are_named() {
    let site = Site::new(|_| Vec::new()).await;
    let file = site.file("x.jpg", &photo(0));
    let ran = run(site.put().arg(&file).env("AWS_SECRET_ACCESS_KEY", "wrongwrong")).await;
    assert_says(&ran, 1, &["x.jpg", "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"]);
    site.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jpg");
    std::fs::write(&file, photo(0)).unwrap();
    // Bound and let go: nothing listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    let mut command = uploader(folder.path());
    command.arg("put").arg(&file).args(["--endpoint-url", &endpoint]);
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "locallocal");
    let ran = run(&mut command).await;
    assert_says(&ran, 1, &["x.jpg", &endpoint, "refused", "`thumbnailer up`"]);
}

#[tokio::test]
async fn missing_credentials_are_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jpg");
    std::fs::write(&file, photo(0)).unwrap();
    let ran = run(uploader(folder.path()).arg("put").arg(&file).args(BUCKETS)).await;
    assert_says(&ran, 1, &["no AWS credentials", "aws configure", "AWS_ACCESS_KEY_ID", "--local"]);
}

#[tokio::test]
async fn relative_urls_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let warning = "warning: URLs are relative; give --base-url https://your-cdn";
    for (options, warned) in [
        (&[][..], true),
        (&["--markup", "none"], false),
        (&["--no-wait"], false),
        (&["--base-url", "https://img.example.org"], false),
        (&["--base-url", ""], false),
        (&["--endpoint-url", "http://127.0.0.1:1"], false),
    ] {
        // There is no such file, so that Amazon is sent nothing.
        let mut command = uploader(folder.path());
        command.arg("put").arg(folder.path().join("x.jpg")).args(BUCKETS).args(options);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "locallocal");
        let ran = run(&mut command).await;
        assert_says(&ran, 1, &["there is no such file"]);
        assert_eq!(ran.stderr.contains(warning), warned, "{options:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn one_bad_file_does_not_stop_the_others() {
    let site = Site::new(|source| vec![support::derived(source)]).await;
    let good = site.file("good.jpg", &photo(0));
    let missing = site.files().join("missing.jpg");
    let empty = site.file("empty.jpg", b"");
    let ran = run(site.put().arg(&missing).arg(&empty).arg(&good).args(["--markup", "none"])).await;
    assert_says(&ran, 1, &["missing.jpg was not sent: there is no such file", "the file is empty"]);
    assert_eq!(site.keys("originals").await, ["good.jpg"]);
    site.stop().await;
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused_with_its_bound() {
    let site = Site::new(|_| Vec::new()).await;
    let file = site.file("x.jpg", &photo(0));
    let long = ["folder"; 150].join("/");
    let ran = run(site.put().arg(&file).args(["--to", &long])).await;
    assert_says(&ran, 1, &["x.jpg was not sent", "960", "--to"]);
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_a_usage_error() {
    let site = Site::new(|_| Vec::new()).await;
    let (first, second) = (site.file("a/x.jpg", &photo(0)), site.file("b/x.jpg", &photo(1)));
    let ran = run(site.put().args([&first, &second])).await;
    assert_says(&ran, 2, &["a/x.jpg", "b/x.jpg", "'x.jpg'", "--to"]);
    let ran = run(site.put().arg(site.files()).args(["--alt", "Boats"])).await;
    assert_says(&ran, 2, &["--alt"]);
    let ran = run(site.put().arg(&first).args(["--to", "../x"])).await;
    assert_says(&ran, 2, &["--to '../x'"]);
    let ran = run(site.put().arg(&first).args(["--endpoint-url", "127.0.0.1:9000"])).await;
    assert_says(&ran, 2, &["http://127.0.0.1:9000"]);
    let ran = run(site.put().arg(&first).env("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000")).await;
    assert_says(&ran, 2, &["AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"]);
    let ran = run(&mut site.put()).await;
    assert_says(&ran, 2, &["Usage"]);
    std::fs::create_dir(site.files().join("none")).unwrap();
    let ran = run(site.put().arg(site.files().join("none"))).await;
    assert_says(&ran, 2, &["no pictures"]);
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

/// The commands that `uploader --help` names.
async fn commands(folder: &std::path::Path) -> Vec<String> {
    let ran = run(uploader(folder).arg("--help")).await;
    let listed = ran.stdout.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // What goes on in the next line is indented further.
    let names =
        listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn help_shows_examples_on_one_screen() {
    let folder = tempfile::tempdir().unwrap();
    let commands = commands(folder.path()).await;
    for known in ["put", "status", "snippet", "ls", "rm", "init", "doctor", "completions"] {
        assert!(commands.iter().any(|command| command == known), "{commands:?}");
    }
    for command in [""].into_iter().chain(commands.iter().map(String::as_str)) {
        let name = Some(command).filter(|name| !name.is_empty());
        let ran = run(uploader(folder.path()).args(name).arg("--help").env("COLUMNS", "80")).await;
        assert_eq!(ran.status, 0);
        assert!(ran.stdout.contains(&format!("Examples:\n  uploader {command}")), "{}", ran.stdout);
        assert!(ran.stdout.lines().count() <= 24, "{}", ran.stdout);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
        let short = run(uploader(folder.path()).args(name).arg("-h").env("COLUMNS", "80")).await;
        assert_eq!(short.stdout, ran.stdout);
    }
}

#[tokio::test]
async fn help_all_shows_every_option_in_groups() {
    let folder = tempfile::tempdir().unwrap();
    let help = async |command: &str, flag: &str| {
        let ran = run(uploader(folder.path()).args([command, flag]).env("COLUMNS", "80")).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout
    };
    for command in ["put", "watch", "snippet"] {
        let (daily, all) = (help(command, "--help").await, help(command, "--help-all").await);
        assert!(daily.contains("--help-all") && !daily.contains("--no-inline-style"), "{daily}");
        for words in
            ["Markup:", "Buckets:", "--no-inline-style", "--class <NAMES>", "--derived-bucket <NAME>"]
        {
            assert!(all.contains(words), "{words}: {all}");
        }
        // Every option of the short help is in the long one.
        for option in daily.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(all.contains(option.trim_matches(['.', ',', '`'])), "{option}: {all}");
        }
    }
    let all = help("put", "--help-all").await;
    for words in ["Files and keys:", "Transfer:", "--raw-names", "--no-accelerate", "--exclude '*.png'"] {
        assert!(all.contains(words), "{words}: {all}");
    }
    // Pages and completions have them, too.
    let pages = folder.path().join("man");
    run(uploader(folder.path()).args(["man", "--out"]).arg(&pages)).await;
    let page = std::fs::read_to_string(pages.join("uploader-put.1")).unwrap();
    assert!(page.contains("raw\\-names") && page.contains("no\\-inline\\-style"), "{page}");
    let script = help("completions", "bash").await;
    assert!(script.contains("--raw-names") && script.contains("--no-inline-style"));
}
