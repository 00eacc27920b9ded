//! What the command line says of itself, for shells and for `man`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::WELL;
use crate::cli::Cli;

const EXAMPLES: &str = "\
Examples:
  uploader completions bash > ~/.local/share/bash-completion/completions/uploader
  uploader completions fish > ~/.config/fish/completions/uploader.fish
  uploader completions zsh > \"${fpath[1]}/_uploader\"";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_enum, hide_possible_values = true)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder that the pages go to, one for each command; made if absent
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Prints a shell's completions; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) fn completions(args: &CompletionsArgs) -> anyhow::Result<u8> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // `generate` panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(WELL)
}

/// Writes the manual's pages; the answer is the exit status.
///
/// # Errors
///
/// When the folder cannot be written to.
pub(crate) fn man(args: &ManArgs) -> anyhow::Result<u8> {
    let folder = &args.out;
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok(WELL)
}
