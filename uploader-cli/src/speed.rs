//! `uploader speed`: whether Transfer Acceleration is faster from here, measured with real uploads that become no
//! objects.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use clap::Args;
use futures::StreamExt;
use indicatif::HumanBytes;

use crate::cli::{OutputArgs, StoreArgs};
use crate::config::{Profile, edit};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::store::Store;
use crate::transfer::{Crc, USUAL_PART};
use crate::{FAILED, WELL, accelerate};

const EXAMPLES: &str = "\
Examples:
  uploader speed
  uploader speed --mib 64 --remember

Uploads are given up again: no object appears, and nothing is left.";

/// Where the trial uploads are aimed; they are aborted before anything lies there.
const KEY: &str = ".uploader-speed/trial";

/// Parts sent at once, as a usual upload does.
const AT_ONCE: usize = 4;

/// Each way is tried so often, in turn.
const ROUNDS: usize = 2;

/// A way that is slower than this is not worth more waiting.
const LONGEST_ROUND: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SpeedArgs {
    /// MiB to send each way and round
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u64).range(8..=1024))]
    mib: u64,

    /// Keep the faster way in the profile
    #[arg(long)]
    remember: bool,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Measures both ways; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: SpeedArgs) -> anyhow::Result<u8> {
    let console = Console::new(&args.output);
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    match compare(&args, store, &console).await {
        Ok(()) => Ok(WELL),
        Err(failure) => {
            console.error(failure);
            Ok(FAILED)
        }
    }
}

async fn compare(args: &SpeedArgs, regular: Store, console: &Console) -> Result<(), Failure> {
    let settings = regular.settings.clone();
    let obstacle = match accelerate::obstacle(&regular) {
        Some(why) => Some(format!("Transfer Acceleration cannot be used: {why}")),
        None if accelerate::ask(&regular).await? => None,
        None => Some("the bucket has Transfer Acceleration turned off".to_owned()),
    };
    let ways = match &obstacle {
        Some(_) => vec![("regular", regular)],
        None => vec![("regular", regular.clone()), ("accelerated", regular.accelerated())],
    };
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    for round in 1..=ROUNDS {
        for (way, (name, store)) in ways.iter().enumerate() {
            let rate = trial(store, args.mib << 20).await?;
            console.info(format_args!("round {round}, {name}: {}/s", HumanBytes(rate as u64)));
            rates[way].push(rate);
        }
    }
    let best: Vec<f64> = rates.iter().map(|rates| rates.iter().copied().fold(0.0, f64::max)).collect();
    let faster = best.get(1).map(|accelerated| accelerated / best[0]);
    if args.output.json {
        let line = serde_json::json!({
            "bucket": settings.originals, "regular": best[0] as u64, "accelerated": best.get(1).map(|rate| *rate as u64),
            "ratio": faster, "why_not": obstacle,
        });
        console
            .document(&line.to_string())
            .map_err(|error| Failure::new("output", error.to_string(), "Try again."))?;
    }
    match (faster, obstacle) {
        (Some(ratio), _) if ratio >= 1.0 => {
            console.info(format_args!("Accelerated is {:.0} % faster from here.", (ratio - 1.0) * 100.0));
        }
        (Some(ratio), _) => {
            console.info(format_args!(
                "Regular is {:.0} % faster from here, and costs less.",
                (1.0 / ratio - 1.0) * 100.0
            ));
        }
        (None, why) => {
            console.info(format_args!("Only the regular way was measured: {}.", why.unwrap_or_default()))
        }
    }
    match (args.remember, faster) {
        (true, Some(ratio)) => {
            let path = remember(&settings, ratio >= 1.0)?;
            console.info(format_args!("Remembered in {}.", path.display()));
        }
        (true, None) => console.warning("there was nothing to choose from, and so nothing to remember"),
        (false, _) => {}
    }
    Ok(())
}

/// Writes the choice into the profile that is in force, or into one for these buckets. Says which file that is.
fn remember(settings: &Settings, accelerate: bool) -> Result<PathBuf, Failure> {
    let Some(path) = &settings.config_path else {
        return Err(Failure::new(
            "config",
            "there is no home folder",
            "Name a configuration file with UPLOADER_CONFIG.",
        ));
    };
    let profile = match &settings.profile {
        Some(_) => Profile::default(),
        None => Profile {
            bucket: Some(settings.originals.clone()),
            derived_bucket: Some(settings.derived.to_string()),
            ..Profile::default()
        },
    };
    let name = settings.profile.as_deref().unwrap_or("default");
    let profile = Profile { accelerate: Some(accelerate), ..profile };
    Ok(edit::write(path, name, &profile, false)?.path)
}

/// Bytes a second of an upload of about `bytes` that comes to nothing.
async fn trial(store: &Store, bytes: u64) -> Result<f64, Failure> {
    let created = store.sender.create_multipart_upload().bucket(&store.originals).key(KEY).send().await;
    let created = created.map_err(|error| Failure::of_request(&error, &store.originals, store))?;
    let id = created.upload_id().unwrap_or_default();
    // Bytes that nobody on the way can make smaller.
    let mut part = vec![0; usize::try_from(USUAL_PART).unwrap_or(8 << 20)];
    fastrand::Rng::with_seed(1).fill(&mut part);
    let (crc, part) = (Crc::of(&part).base64(), bytes::Bytes::from(part));
    let begun = Instant::now();
    let parts =
        futures::stream::iter(1..=i32::try_from(bytes.div_ceil(USUAL_PART)).unwrap_or(1)).map(|number| {
            let (part, crc) = (part.clone(), crc.clone());
            async move {
                if begun.elapsed() >= LONGEST_ROUND {
                    return Ok(0);
                }
                let request = store.sender.upload_part().bucket(&store.originals).key(KEY).upload_id(id);
                let length = part.len() as u64;
                let request =
                    request.part_number(number).checksum_crc64_nvme(crc).body(ByteStream::from(part));
                request.send().await.map(|_| length)
            }
        });
    let sent: Vec<_> = parts.buffer_unordered(AT_ONCE).collect().await;
    let elapsed = begun.elapsed();
    let aborted =
        store.client.abort_multipart_upload().bucket(&store.originals).key(KEY).upload_id(id).send().await;
    let mut bytes = 0;
    for part in sent {
        bytes += part.map_err(|error| Failure::of_request(&error, &store.originals, store))?;
    }
    aborted.map_err(|error| Failure::of_request(&error, &store.originals, store))?;
    Ok(bytes as f64 / elapsed.as_secs_f64())
}
