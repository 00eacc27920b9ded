//! `uploader put`: files are looked at, compared with what is there, sent, waited for, and reported in the order given.

mod about;
mod args;
mod ask;
mod causes;
mod compare;
mod inspect;
mod outcome;
mod plan;
mod session;
mod wait;

use std::env;

use manifest::Sidecar;

use crate::console::Console;
use crate::interrupt;
use crate::settings::Settings;
use crate::store::Store;
use crate::{FAILED, INTERRUPTED, USAGE};
pub(crate) use about::Texts;
pub(crate) use args::{PutArgs, WayArgs, seconds};
pub(crate) use outcome::Outcome;

pub(crate) use plan::{Found, Item, Looks, Usage, find, skipped_files};
pub(crate) use session::{Session, Tell};

/// Puts what `args` name; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: PutArgs) -> anyhow::Result<u8> {
    let console = Console::new(&args.output);
    tokio::select! {
        status = put(args, &console) => status,
        () = interrupt::requested() => {
            console.finish();
            interrupt::say(&interrupted(&console));
            Ok(INTERRUPTED)
        }
    }
}

/// Returns how far the run has come, and how to continue.
fn interrupted(console: &Console) -> String {
    let [gone, bytes, settled, files] = console.standing();
    if files == 0 {
        return "interrupted; nothing was sent".to_owned();
    }
    format!(
        "interrupted; {settled} of {files} files are done, {} of {} are sent. The same command continues from there; \
         `uploader abort` throws away what is unfinished.",
        indicatif::HumanBytes(gone),
        indicatif::HumanBytes(bytes)
    )
}

async fn put(args: PutArgs, console: &Console) -> anyhow::Result<u8> {
    // Standard input lies there as long as this lives.
    let spooled;
    let usage = match stdin_name(&args) {
        Ok(Some(name)) => {
            spooled = spool().await?;
            plan::piped(spooled.path(), name, &args.way)
                .map(|item| Found { items: vec![item], ..Found::default() })
        }
        Ok(None) => find(&args.paths, &args.way, &mut Looks::default()).and_then(Found::or_nothing),
        Err(usage) => Err(usage),
    };
    let usage = usage.and_then(|found| check_shared(&args, found)).map_err(|usage| usage.to_string());
    let usage = usage.and_then(|Found { items, skipped, special }| {
        for (path, kind) in special {
            console.warning(format_args!("{} was skipped: it is {kind}, not a file", path.display()));
        }
        if let Some(skipped) = skipped_files(&skipped) {
            console.info(skipped);
        }
        let texts = args.alt_file.as_deref().map(Texts::read).transpose()?.unwrap_or_default();
        Ok((
            items,
            texts,
            Settings::resolve(&args.store, |name| env::var(name).ok()).map_err(|error| error.to_string())?,
        ))
    });
    let (items, texts, settings) = match usage {
        Ok(usage) => usage,
        Err(usage) => {
            console.error(usage);
            return Ok(USAGE);
        }
    };
    let store = match Store::open(&settings).await {
        Ok(store) => store,
        Err(failure) => {
            console.error(failure);
            return Ok(FAILED);
        }
    };
    let about = Sidecar {
        alt: args.snippet.alt.clone(),
        caption: args.caption.clone(),
        focal_point: args.focal_point,
    };
    let markup = args.snippet.markup(&store);
    if !args.way.no_wait
        && !args.dry_run
        && markup.is_some()
        && args.snippet.base_url.is_none()
        && store.default_base_url().is_empty()
    {
        console.warning("URLs are relative; give --base-url https://your-cdn");
    }
    let tell = Tell { json: args.output.json, events: args.output.events, clipboard: args.clipboard };
    let session = match Session::new(store, args.way, markup, tell, console.clone()).await {
        Ok(session) => session,
        Err(failure) => {
            console.error(failure);
            return Ok(FAILED);
        }
    };

    session.put(items, &about, &texts, args.dry_run, &mut |_| Ok(())).await
}

/// What standard input is called, if it is to be sent.
fn stdin_name(args: &PutArgs) -> Result<Option<&str>, Usage> {
    let is_stdin = |path: &std::path::PathBuf| path.as_os_str() == plan::STDIN;
    match (&args.paths[..], &args.name) {
        ([path], Some(name)) if is_stdin(path) => Ok(Some(name)),
        (paths, None) if !paths.iter().any(is_stdin) => Ok(None),
        _ => Err(Usage::Stdin),
    }
}

/// A text about one picture must not be said of several.
fn check_shared(args: &PutArgs, found: Found) -> Result<Found, Usage> {
    let told = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let files = found.items.len();
    if files > 1 && (told(&args.snippet.alt) || told(&args.caption) || args.focal_point.is_some()) {
        return Err(Usage::SharedAlt { files });
    }
    Ok(found)
}

/// Copies standard input into a file: its size must be known, and it may have to be sent twice.
async fn spool() -> std::io::Result<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new()?;
    let mut copy = file.reopen()?;
    // Ctrl-C must end the program meanwhile, and the file is deleted then.
    let copied =
        tokio::task::spawn_blocking(move || std::io::copy(&mut std::io::stdin().lock(), &mut copy)).await;
    copied.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)))?;
    Ok(file)
}
