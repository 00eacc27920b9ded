//! Text from outside cannot control a terminal, whichever command prints it.
#![allow(clippy::unwrap_used)]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use manifest::{Manifest, SourceRecord, State};
use support::hostile::{HOSTILE, assert_harmless, server};
use support::{Site, derived, photo, put_manifest, run, uploader, without};

/// A site whose manifests repeat a hostile key in all their texts.
async fn site() -> Site {
    Site::new(|source: &SourceRecord| {
        let words = source.key.clone();
        vec![match source.key.contains("reject") {
            true => without(source, State::Rejected, &words, &words),
            false => Manifest {
                alt: Some(words.clone()),
                caption: Some(words.clone()),
                warnings: vec![words],
                ..derived(source)
            },
        }]
    })
    .await
}

fn folder(site: &Site) -> Vec<String> {
    let mut keys = Vec::new();
    for (seed, hostile) in (0..).zip(HOSTILE) {
        for prefix in ["", "reject "] {
            let name = format!("{prefix}{hostile}.jpg");
            site.file(&name, &photo(seed));
            keys.push(format!("up/{name}"));
        }
    }
    site.file("notes \u{1b}[31m\nforged.txt", b"words");
    keys
}

#[tokio::test]
async fn names_and_manifests_cannot_control_it() {
    let site = site().await;
    let keys = folder(&site);
    for args in [&["--dry-run"][..], &[], &["--markup", "url"], &["--figure", "--markup", "jsx"]] {
        let ran = run(site.put().arg(site.files()).args(["--to", "up"]).args(args)).await;
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains("\\x1b[31mred\\x1b]0;owned\\x07.jpg"), "{told}");
        assert!(told.contains("two\\nforged"), "{told}");
        assert_harmless(&ran, &format!("put {args:?}"));
    }
    assert_eq!(site.seen().len(), keys.len());
    // Other bytes under the same keys: refused, by name.
    for (seed, hostile) in (50..).zip(HOSTILE) {
        site.file(&format!("{hostile}.jpg"), &photo(seed));
    }
    let ran = run(site.put().arg(site.files()).args(["--to", "up"])).await;
    assert_eq!(ran.status, 1);
    assert_harmless(&ran, "put of other pictures");

    for command in ["status", "snippet", "ls"] {
        let args: &[String] = if command == "ls" { &[] } else { &keys };
        let ran = run(site.uploader(command).args(args)).await;
        assert!(ran.stdout.len() > 1000, "{command}: {}", ran.stdout);
        assert_harmless(&ran, command);
    }
    for markup in ["html", "markdown", "markdown-image", "jsx", "hugo", "astro", "url"] {
        let mut command = site.uploader("snippet");
        command.args(&keys).args(["--markup", markup, "--figure", "--class", "a\u{1b}b\nforged"]);
        let ran = run(command.args(["--base-url", "https://x\u{9b}\nforged\u{202e}"])).await;
        assert!(ran.stdout.len() > 500, "{markup}: {}", ran.stderr);
        assert_harmless(&ran, markup);
    }
    for args in [&["--dry-run"][..], &["--yes"], &["--yes"]] {
        let ran = run(site.uploader("rm").args(&keys).args(args)).await;
        assert_harmless(&ran, &format!("rm {args:?}"));
    }
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

#[tokio::test]
async fn command_lines_files_and_profiles_cannot_control_it() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("c.toml");
    std::fs::write(&config, "[profiles.blog]\n\"bu\\u001bcket\" = 'a'\n").unwrap();
    let alt = home.path().join("alt \u{1b}[2J\nforged.toml");
    std::fs::write(&alt, "\"a\u{9b}\n forged = 1").unwrap();
    for hostile in HOSTILE {
        for args in [
            &["put", hostile][..],
            &["put", "--markup", hostile, "x.jpg"],
            &["put", "--endpoint-url", hostile, "x.jpg"],
            &["put", "--to", hostile, "--exclude", hostile, "/dev/null"],
            &["put", "--include", "a{", "--to", hostile, "/tmp"],
            &["put", &format!("--{hostile}")],
            &[hostile],
            &["status", "--profile", hostile, hostile],
            &["status", "--derived-bucket", hostile, "x.jpg"],
            &["rm", &format!("{hostile}/")],
            &["watch", hostile],
            &["completions", hostile],
        ] {
            let ran = run(uploader(home.path()).args(args)).await;
            assert!(matches!(ran.status, 1 | 2), "{args:?}: {ran:?}");
            assert!(!ran.stderr.is_empty(), "{args:?}");
            assert_harmless(&ran, &format!("{args:?}"));
        }
    }
    let ran = run(uploader(home.path()).arg("ls").env("UPLOADER_CONFIG", &config)).await;
    assert_eq!(ran.status, 2);
    assert_harmless(&ran, "configuration");
    let ran = run(uploader(home.path()).args(["put", "x.jpg", "--alt-file"]).arg(&alt)).await;
    assert_eq!(ran.status, 2, "{ran:?}");
    assert_harmless(&ran, "--alt-file");
    let not_utf8 = OsStr::from_bytes(b"\x9b31m\xff\n.jpg");
    let ran =
        run(uploader(home.path()).arg("put").arg(not_utf8).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1"))
            .await;
    assert_harmless(&ran, "a name that is not UTF-8");
}

#[tokio::test]
async fn servers_cannot_control_it() {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("x.jpg");
    std::fs::write(&picture, photo(0)).unwrap();
    for words in [
        // Legal in XML, and as references.
        "a\u{9b}31m\u{202e}b\nforged",
        "a&#10;forged&#x9b;31m&#x2028;forged",
        // Not legal in XML; what the parser says of it is shown.
        "\u{1b}[31m\u{7}",
        "&#27;[2J",
    ] {
        let endpoint = server(words.to_owned()).await;
        for args in [
            &["put", picture.to_str().unwrap(), "--markup", "none"][..],
            &["status", "x.jpg"],
            &["ls"],
            &["snippet", "x.jpg"],
            &["rm", "--yes", "x.jpg"],
            &["rm", "--yes", "--recursive", "x/"],
            &["doctor"],
        ] {
            let mut command = uploader(home.path());
            command.args(args).env("AWS_ENDPOINT_URL", &endpoint).env("AWS_MAX_ATTEMPTS", "1");
            command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
            let ran = run(&mut command).await;
            assert_eq!(ran.status, 1, "{args:?}: {ran:?}");
            assert_harmless(&ran, &format!("{args:?}, {words:?}"));
        }
    }
}

#[tokio::test]
async fn manifests_of_other_programs_cannot_control_it() {
    let site = Site::new(|_| Vec::new()).await;
    for (seed, hostile) in (0..).zip(HOSTILE) {
        let key = format!("{seed}.jpg");
        let body = aws_sdk_s3::primitives::ByteStream::from(photo(seed));
        let put = site.client.put_object().bucket("originals").key(&key).body(body).send().await.unwrap();
        let source = SourceRecord {
            bucket: "originals".into(),
            key: key.clone(),
            etag: put.e_tag().unwrap().trim_matches('"').to_owned(),
            version_id: put.version_id().map(str::to_owned),
            media_type: Some(hostile.into()),
            ..SourceRecord::default()
        };
        let mut manifest = Manifest { written: hostile.into(), ..derived(&source) };
        for rendition in &mut manifest.renditions {
            rendition.media_type = hostile.into();
            rendition.path = format!("{hostile}/{}", rendition.path);
        }
        manifest.placeholder.as_mut().unwrap().color = hostile.into();
        put_manifest(&site.client, &manifest).await;
        for args in
            [&["status"][..], &["snippet"], &["snippet", "--markup", "hugo"], &["snippet", "--markup", "url"]]
        {
            let ran = run(site.uploader(args[0]).arg(&key).args(&args[1..])).await;
            assert_harmless(&ran, &format!("{args:?}, {hostile:?}"));
        }
    }
    site.stop().await;
}
