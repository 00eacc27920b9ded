//! The command line, and what is said about a wrong one.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::escape::{escape, is_unsafe};
use crate::output;

/// Parses the program's arguments. Prints help, the version or an error and exits if there is nothing else to do.
///
/// An error of clap repeats arguments as they are. Therefore a wrong command line is parsed once more with its arguments
/// escaped, and that error is shown.
pub fn parse<C: Parser>() -> C {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let error = match C::try_parse_from(&arguments) {
        Ok(parsed) => return parsed,
        Err(error) => error,
    };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.exit();
    }
    let escaped = arguments.iter().map(|argument| escape(&argument.to_string_lossy()).into_owned());
    let error = C::try_parse_from(escaped).err().unwrap_or(error);
    let text = error.render().to_string();
    // Values of environment variables come this way, too.
    if text.lines().any(|line| line.contains(is_unsafe)) {
        output::tell_lines(text.trim_end());
        std::process::exit(error.exit_code());
    }
    error.exit()
}
