//! `uploader init` without a stack; with one, see `tests/test_uploader_init.py`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::{Site, derived, photo, run, uploader};
use tokio::process::Command;

fn init(home: &Path, args: &[&str]) -> Command {
    let mut command = uploader(home);
    command.arg("init").args(args);
    command
}

#[tokio::test]
async fn flags_become_a_profile_that_others_then_use() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let file = site.file("x.jpg", &photo(0));
    let mut command = site.uploader("init");
    command.env_remove("AWS_ENDPOINT_URL").args(["--bucket", "originals", "--derived-bucket", "derived"]);
    command.args(["--base-url", "https://img.example.org", "--endpoint-url", site.endpoint()]);
    let ran = run(&mut command).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let shown = format!(
        "[profiles.default]\nbucket = \"originals\"\nderived_bucket = \"derived\"\n\
         base_url = \"https://img.example.org\"\nendpoint_url = \"{}\"\n",
        site.endpoint()
    );
    assert_eq!(ran.stdout, shown);
    assert!(ran.stderr.contains(".config/uploader/config.toml"), "{}", ran.stderr);
    assert!(ran.stderr.contains("It is the default. Next: uploader doctor"), "{}", ran.stderr);

    let mut command = site.put();
    let ran = run(command.env_remove("AWS_ENDPOINT_URL").arg(file).args(["--markup", "url"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("https://img.example.org/x.jpg/"), "{}", ran.stdout);
    site.stop().await;
}

#[tokio::test]
async fn a_server_of_another_maker_needs_no_stack() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let file = site.file("x.jpg", &photo(0));
    let mut command = site.uploader("init");
    let ran = run(command.env_remove("AWS_ENDPOINT_URL").args(["--endpoint-url", site.endpoint()])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, format!("[profiles.default]\nendpoint_url = \"{}\"\n", site.endpoint()));
    let ran = run(site.put().env_remove("AWS_ENDPOINT_URL").arg(file).args(["--markup", "url"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&format!("{}/derived/x.jpg/", site.endpoint())), "{}", ran.stdout);
    site.stop().await;
}

#[tokio::test]
async fn the_file_is_its_owner_s_alone_and_keeps_what_is_in_it() {
    let home = tempfile::tempdir().unwrap();
    let (real, link) = (home.path().join("dotfiles.toml"), home.path().join("link.toml"));
    fs::write(&real, "# mine\ndefault = 'a'\n[profiles.a]\nregion = 'eu-west-1' # near\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();

    let ran =
        run(init(home.path(), &["--profile", "b", "--bucket", "x"]).env("UPLOADER_CONFIG", &link)).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("The default is 'a' still"), "{}", ran.stderr);
    let kept = "# mine\ndefault = 'a'\n[profiles.a]\nregion = 'eu-west-1' # near\n";
    assert_eq!(fs::read_to_string(&real).unwrap(), format!("{kept}\n[profiles.b]\nbucket = \"x\"\n"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    let again = ["--profile", "a", "--bucket", "y", "--aws-profile", "author", "--default"];
    let ran = run(init(home.path(), &again).env("UPLOADER_CONFIG", &link)).await;
    assert_eq!(
        ran.stdout, "[profiles.a]\nbucket = \"y\"\nregion = \"eu-west-1\"\naws_profile = \"author\"\n",
        "{}",
        ran.stderr
    );
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn what_cannot_be_written_is_said_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    fs::write(&file, "[profiles.a]\nbukcet = 'x'\n").unwrap();
    let ran = run(init(home.path(), &["--bucket", "x"]).env("UPLOADER_CONFIG", &file)).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("config.toml, line 2: unknown field 'bukcet'"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "[profiles.a]\nbukcet = 'x'\n");

    let below = file.join("config.toml");
    let ran = run(init(home.path(), &["--bucket", "x"]).env("UPLOADER_CONFIG", &below)).await;
    assert_ne!(ran.status, 0);
    assert!(ran.stderr.contains("config.toml/config.toml"), "{}", ran.stderr);

    let ran = run(&mut init(home.path(), &["--profile", "a"])).await;
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("--stack"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_stack_cannot_be_read_without_credentials_or_a_server() {
    let home = tempfile::tempdir().unwrap();
    let ran = run(&mut init(home.path(), &["--stack", "blog"])).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("no AWS credentials"), "{}", ran.stderr);
    let mut command = init(home.path(), &["--stack", "blog", "--endpoint-url", "http://127.0.0.1:1"]);
    command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("AWS_MAX_ATTEMPTS", "1");
    let ran = run(&mut command).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("CloudFormation in us-east-1 could not be reached"), "{}", ran.stderr);
    assert!(!home.path().join(".config").exists());
}
