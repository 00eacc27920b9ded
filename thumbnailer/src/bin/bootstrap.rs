//! The Lambda function: hands invocations to [`thumbnailer::Thumbnailer`], and is its own child process for records
//! that came before.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use thumbnailer::{
    Config, Error, Invocation, Isolation, RECORD_VARIABLE, Thumbnailer, embedded_metrics, memory_high_water,
    settle_record,
};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[tokio::main]
async fn main() -> ExitCode {
    imaging::keep_memory();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bootstrap: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    if std::env::var_os(RECORD_VARIABLE).is_some() {
        return run_record().await;
    }
    ensure!(
        std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some(),
        "this is the Lambda function and runs inside of AWS Lambda only; on a laptop, use `thumbnailer up`"
    );
    let config = Config::from_env().context("configuration")?;
    log_to(std::io::stdout)?;
    let metrics = config.metrics;
    let this = std::env::current_exe().context("where this program lies")?;
    let thumbnailer = Thumbnailer::from_env(config).await.isolated(Isolation::new(this));
    let function = service_fn(|LambdaEvent { payload, context }: LambdaEvent<Value>| {
        let mut thumbnailer = thumbnailer.clone();
        if metrics {
            thumbnailer = telling_metrics(thumbnailer, &context);
        }
        async move { thumbnailer.handle(payload, deadline(&context)).await.map_err(diagnose) }
    });
    lambda_runtime::run(function).await.map_err(anyhow::Error::from_boxed)
}

/// Settles the one record on standard input, for a parent that must not die of it.
async fn run_record() -> anyhow::Result<()> {
    // Should memory run out, the kernel is to end this process rather than its parent. Raising one's own score is
    // always allowed; where there is none, nothing is lost.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let config = Config::from_env().context("configuration")?;
    log_to(std::io::stderr)?;
    let mut order = String::new();
    std::io::stdin().read_line(&mut order).context("reading the record")?;
    end_with_parent();
    let thumbnailer = Thumbnailer::from_env(config).await;
    let verdict = settle_record(&thumbnailer, &order).await.context("reading the record")?;
    let mut out = std::io::stdout().lock();
    out.write_all(&verdict).and_then(|()| out.flush()).context("telling what became of the record")
}

/// Ends this process when its parent has ended, which closes standard input: the record comes again, and nobody
/// would hear of this attempt.
fn end_with_parent() {
    std::thread::spawn(|| {
        let closed = std::io::stdin().read(&mut [0]);
        if matches!(closed, Ok(0) | Err(_)) {
            std::process::exit(1);
        }
    });
}

/// JSON, one object a line; the runtime's span adds the request's id to each.
fn log_to<W>(writer: W) -> anyhow::Result<()>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) => EnvFilter::try_new(&directives).context("RUST_LOG")?,
        Err(_) => EnvFilter::new("info"),
    };
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer)
        .with_env_filter(filter)
        .init();
    Ok(())
}

/// Prints what the invocation came to for CloudWatch, which reads a line of metrics only if it is nothing else.
fn telling_metrics(thumbnailer: Thumbnailer, context: &Context) -> Thumbnailer {
    let context = context.clone();
    thumbnailer.on_invocation(move |outcomes| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let invocation = Invocation {
            function: &context.env_config.function_name,
            version: &context.env_config.version,
            request_id: &context.request_id,
            unix_ms: u64::try_from(now.as_millis()).unwrap_or_default(),
            memory_high_water: memory_high_water(),
        };
        let line = format!("{}\n", embedded_metrics(outcomes, &invocation));
        // A log that nobody takes is no reason to fail the work that it tells of.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    })
}

/// The invocation's error, under a name that metrics and alarms can filter by.
fn diagnose(error: Error) -> Diagnostic {
    let error_type = match &error {
        Error::Envelope(_) => "Envelope",
        Error::Sweep(_) => "Sweep",
        _ => "Unsettled",
    };
    Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
}

/// When Lambda will end the invocation. One that has passed is none: Lambda sends no such thing, and local
/// Runtime APIs send a time near 1970.
fn deadline(context: &Context) -> Option<Instant> {
    let left = context.deadline().duration_since(SystemTime::now()).ok()?;
    Instant::now().checked_add(left)
}
