//! `uploader init`: writes a profile of the configuration file, from a CloudFormation stack or from flags.

mod stack;

use std::env;

use clap::Args;

use crate::cli::http_url;
use crate::config::{Config, Location, Profile, VARIABLE, edit};
use crate::console::Console;
use crate::settings::Settings;
use crate::store::Refusal;
use crate::{WELL, aws};

const EXAMPLES: &str = "\
Examples:
  uploader init --stack blog-thumbnails --region eu-central-1
  uploader init --bucket originals --derived-bucket derived \\
                --base-url https://img.example.org

Flags of other commands come first, then the environment (UPLOADER_PROFILE,
UPLOADER_BUCKET, UPLOADER_DERIVED_BUCKET, UPLOADER_BASE_URL, AWS_REGION,
AWS_ENDPOINT_URL), then this file. Credentials are never written into it.";

/// The profile's name if neither it nor a stack was named.
const DEFAULT_NAME: &str = "default";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InitArgs {
    /// CloudFormation stack that says where all is
    #[arg(long, value_name = "NAME", required_unless_present_any = ["bucket", "derived_bucket", "base_url", "endpoint_url"])]
    stack: Option<String>,

    /// Name of the profile to write [default: NAME]
    #[arg(long, value_name = "NAME", env = "UPLOADER_PROFILE", hide_env = true)]
    profile: Option<String>,

    /// Bucket of the originals
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,

    /// Bucket of the renditions, or BUCKET/PREFIX
    #[arg(long, value_name = "NAME")]
    derived_bucket: Option<String>,

    /// What URLs begin with, such as https://your-cdn
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,

    /// Region of the stack and the buckets
    #[arg(long, value_name = "NAME")]
    region: Option<String>,

    /// Server to use instead of Amazon's
    #[arg(long, value_name = "URL", value_parser = http_url)]
    endpoint_url: Option<String>,

    /// Profile of the AWS CLI's files to sign with
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,

    /// Make it the default, even if there is one
    #[arg(long)]
    default: bool,
}

/// Writes the profile that `args` describe and shows it; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: InitArgs) -> anyhow::Result<u8> {
    let written = match write(&args).await {
        Ok(written) => written,
        Err(refusal) => return Ok(refusal.say()),
    };
    let console = Console::lines();
    console.info(format_args!("wrote profile '{}' to {}:", written.name, written.path.display()));
    console.paragraph(written.text.trim_end())?;
    match &written.default {
        default if *default == written.name => console.info("It is the default. Next: uploader doctor"),
        default => console.info(format_args!(
            "The default is '{default}' still. Next: uploader doctor --profile {}",
            written.name
        )),
    }
    Ok(WELL)
}

async fn write(args: &InitArgs) -> Result<edit::Written, Refusal> {
    let location = Location::find(|name| env::var(name).ok()).ok_or_else(|| {
        Refusal::Usage(format!("there is no home folder; name the configuration file with {VARIABLE}"))
    })?;
    // What is there has to make sense before anything is asked of AWS.
    let config = Config::load(&Location { named: false, ..location.clone() }).map_err(Refusal::Usage)?;
    let name = args.profile.clone().or_else(|| args.stack.clone()).unwrap_or_else(|| DEFAULT_NAME.to_owned());

    let of_stack = match &args.stack {
        Some(stack) => of_stack(args, &config, &name, stack).await?,
        None => Profile::default(),
    };
    let profile = Profile {
        bucket: args.bucket.clone().or(of_stack.bucket),
        derived_bucket: args.derived_bucket.clone().or(of_stack.derived_bucket),
        base_url: args.base_url.clone().or(of_stack.base_url),
        region: args.region.clone().or(of_stack.region),
        endpoint_url: args.endpoint_url.clone(),
        aws_profile: args.aws_profile.clone(),
        accelerate: of_stack.accelerate,
    };
    edit::write(&location.path, &name, &profile, args.default).map_err(Refusal::Failed)
}

/// What the stack's outputs say, read with the credentials and in the region that the profile is to have.
async fn of_stack(args: &InitArgs, config: &Config, name: &str, stack: &str) -> Result<Profile, Refusal> {
    let before = config.profiles.get(name).cloned().unwrap_or_default();
    let settings = Settings {
        region: args
            .region
            .clone()
            .or_else(|| set("AWS_REGION"))
            .or_else(|| set("AWS_DEFAULT_REGION"))
            .or(before.region),
        aws_profile_asked_for: args.aws_profile.is_some(),
        aws_profile: args.aws_profile.clone().or_else(|| set("AWS_PROFILE")).or(before.aws_profile),
        ..Settings::default()
    };
    let shared = aws::configured(&settings).await;
    aws::credentials(&shared, &settings).await.map_err(Refusal::Failed)?;
    stack::read(&shared, args.endpoint_url.as_deref(), stack).await.map_err(Refusal::Failed)
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.trim().is_empty())
}
