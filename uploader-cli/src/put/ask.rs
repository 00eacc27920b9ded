//! What a person at a terminal is asked, and given.

use std::io::{self, IsTerminal, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cli_support::escape;

use crate::console::Console;

/// More pictures than this are better described in a file.
const MOST_QUESTIONS: usize = 10;

/// Keys that a question names.
const NAMED: usize = 5;

/// Bytes that terminals take as a clipboard; xterm's bound is the usual one.
const LARGEST_CLIPBOARD: usize = 74_994;

/// Asks what each picture shows (name, text). An empty answer leaves it untold.
pub(super) async fn for_alt_texts(
    console: &Console,
    untold: Vec<(&str, &mut Option<String>)>,
) -> io::Result<()> {
    if untold.len() > MOST_QUESTIONS {
        return Ok(());
    }
    for (name, alt) in untold {
        let name = escape(name);
        match console.ask(format_args!("What does {name} show? (Enter to leave it untold)")).await? {
            Some(answer) if answer.is_empty() => {}
            Some(answer) => *alt = Some(answer),
            None => break,
        }
    }
    Ok(())
}

/// Asks whether what lies under `keys` shall be replaced.
pub(super) async fn whether_to_replace(console: &Console, keys: &[&str]) -> io::Result<bool> {
    let named = keys.iter().take(NAMED).map(|key| format!("  {}\n", escape(key))).collect::<String>();
    let more = keys.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("  and {more} more\n") } else { String::new() };
    let question = format!("Other pictures lie under these keys:\n{named}{more}Replace them? [y/N]");
    let answer = console.ask(question).await?.unwrap_or_default();
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Hands `text` to the terminal for its clipboard.
///
/// Source: XTerm Control Sequences, "Operating System Commands", 52.
pub(super) fn to_clipboard(console: &Console, text: &str) {
    let mut terminal = io::stderr();
    if !terminal.is_terminal() {
        console.warning("there is no terminal, and so no clipboard");
        return;
    }
    let encoded = STANDARD.encode(text);
    if encoded.len() > LARGEST_CLIPBOARD {
        console.warning("the markup is too long for the terminal's clipboard");
        return;
    }
    // Inside tmux, OSC 52 is for tmux, which passes it on (set-clipboard).
    let sent = write!(terminal, "\x1b]52;c;{encoded}\x07").and_then(|()| terminal.flush());
    if sent.is_ok() {
        console.info("The markup is in the clipboard, if the terminal allows it.");
    }
}
