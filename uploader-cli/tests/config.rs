//! Where the buckets, the server and the credentials come from: flags, environment, configuration file.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Ran, Site, derived, photo, run};
use tokio::process::Command;

/// A configuration that leads to `site` by `put`, and a photograph to put.
fn configured(site: &Site, more: &str) -> Command {
    let text = format!(
        "default = 'blog'\n\
         [profiles.blog]\n\
         bucket = 'originals'\n\
         derived_bucket = 'derived'\n\
         base_url = 'https://img.example.org'\n\
         endpoint_url = '{}'\n\
         {more}",
        site.endpoint()
    );
    let file = site.file("home/config.toml", text.as_bytes());
    let photo = site.file("x.jpg", &photo(0));
    let mut command = site.put();
    command.env_remove("AWS_ENDPOINT_URL").env("UPLOADER_CONFIG", file);
    command.arg(photo).args(["--markup", "url", "--timeout", "20"]);
    command
}

fn assert_fails(ran: &Ran, status: i32, words: &[&str]) {
    assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "'{word}' is missing in: {}", ran.stderr);
    }
}

#[tokio::test]
async fn the_default_profile_says_it_all() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let ran = run(&mut configured(&site, "")).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("https://img.example.org/x.jpg/"), "{}", ran.stdout);
    site.stop().await;
}

#[tokio::test]
async fn the_file_in_the_usual_folder_is_read() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let mut command = configured(&site, "");
    site.file("xdg/uploader/config.toml", &std::fs::read(site.files().join("home/config.toml")).unwrap());
    command.env_remove("UPLOADER_CONFIG").env("XDG_CONFIG_HOME", site.files().join("xdg"));
    let ran = run(&mut command).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("https://img.example.org/x.jpg/"), "{}", ran.stdout);
    site.stop().await;
}

#[tokio::test]
async fn the_environment_overrules_the_file_and_flags_overrule_both() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let nowhere = "http://127.0.0.1:1";
    let mut by_env = configured(&site, "");
    by_env.env("UPLOADER_BUCKET", "of-env").env("UPLOADER_BASE_URL", "https://env.example.org");
    assert_fails(&run(&mut by_env).await, 1, &["of-env/x.jpg", "NoSuchBucket"]);
    let ran = run(by_env.args(["--bucket", "originals"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("https://env.example.org/"), "{}", ran.stdout);
    let ran = run(by_env.args(["--base-url", "https://flag.example.org"])).await;
    assert!(ran.stdout.starts_with("https://flag.example.org/"), "{}", ran.stdout);

    let mut by_env = configured(&site, "");
    by_env.env("AWS_ENDPOINT_URL", nowhere);
    assert_fails(&run(&mut by_env).await, 1, &[nowhere, "refused"]);
    let ran = run(by_env.args(["--endpoint-url", site.endpoint()])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn another_profile_is_asked_for_by_name() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let other = format!("[profiles.other]\nendpoint_url = '{}'\nbucket = 'of-other'\n", site.endpoint());
    let ran = run(configured(&site, &other).args(["--profile", "other"])).await;
    assert_fails(&ran, 1, &["of-other/x.jpg", "NoSuchBucket"]);
    let ran = run(configured(&site, &other).env("UPLOADER_PROFILE", "other")).await;
    assert_fails(&ran, 1, &["of-other/x.jpg", "NoSuchBucket"]);
    let ran =
        run(configured(&site, &other).env("UPLOADER_PROFILE", "other").args(["--profile", "blog"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn an_aws_profile_gives_credentials_and_region() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let credentials = "[author]\naws_access_key_id = local\naws_secret_access_key = locallocal\n\
                       [stranger]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n";
    let credentials = site.file("home/credentials", credentials.as_bytes());

    // The file's own word is weaker than the environment's credentials.
    let mut command = configured(&site, "aws_profile = 'author'\n");
    command.env("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let ran = run(&mut command).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let ran = run(command.env("AWS_PROFILE", "stranger")).await;
    assert_fails(&ran, 1, &["InvalidAccessKeyId"]);

    // Who asks for a profile by name gets its credentials, as from the AWS CLI.
    let mut command = site.put();
    command.env("AWS_SHARED_CREDENTIALS_FILE", &credentials).env("AWS_ACCESS_KEY_ID", "other");
    command.arg(site.files().join("x.jpg")).args(["--profile", "author"]);
    let ran = run(&mut command).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let ran = run(command.args(["--profile", "nobody"])).await;
    assert_fails(&ran, 2, &["--profile"]);
    let mut command = site.put();
    command.arg(site.files().join("x.jpg")).args(["--profile", "nowhere"]);
    assert_fails(
        &run(&mut command).await,
        1,
        &["'nowhere'", "config.toml", "uploader init --profile nowhere"],
    );
    site.stop().await;
}

#[tokio::test]
async fn mistakes_in_the_file_are_named_and_nothing_is_done() {
    let site = Site::new(|_| Vec::new()).await;
    let ran = run(&mut configured(&site, "bukcet = 'x'\n")).await;
    assert_fails(&ran, 2, &["home/config.toml, line 7: unknown field 'bukcet'", "derived_bucket"]);
    let mut command = configured(&site, "");
    command.env("UPLOADER_CONFIG", site.files().join("absent.toml"));
    assert_fails(&run(&mut command).await, 2, &["absent.toml", "UPLOADER_CONFIG"]);
    let mut command = configured(&site, "");
    site.file("home/config.toml", b"default = 'blog'\n");
    assert_fails(&run(&mut command).await, 2, &["default is 'blog'", "[profiles.blog]"]);
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}
