//! Parts that the command-line programs share: the command line, output, text from outside, names, and files that are no
//! pictures.

mod arguments;
mod escape;
mod litter;
mod local_server;
mod names;
mod output;

pub use arguments::parse;
pub use escape::{escape, escape_lines, is_unsafe};
pub use litter::{is_litter, is_picture, summary as skipped_files};
pub use local_server::{Announcement, LocalServer, NotFound, state_folder};
pub use names::{nfc, spellings};
pub use output::{LogWriter, ask, print, print_lines, print_raw, tell, tell_lines};
