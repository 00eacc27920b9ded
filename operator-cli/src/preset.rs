//! The preset that was asked for.

use std::path::Path;

use imaging::{Preset, Quality};

use crate::cli::{Render, UsageError};

/// The preset in `file`, or the default.
pub(crate) fn from_file(file: Option<&Path>) -> Result<Preset, UsageError> {
    let Some(file) = file else {
        return Ok(Preset::default());
    };
    let toml = std::fs::read_to_string(file)
        .map_err(|error| UsageError(format!("--preset {}: {error}", file.display())))?;
    Preset::from_toml(&toml).map_err(|error| UsageError(format!("--preset {}: {error}", file.display())))
}

/// The preset in the file, with what the flags say instead.
pub(crate) fn with_flags(args: &Render) -> Result<Preset, UsageError> {
    let mut preset = from_file(args.preset.as_deref())?;
    if let Some(widths) = &args.widths {
        preset.widths.clone_from(widths);
    }
    if let Some(formats) = &args.formats {
        preset.formats.clone_from(formats);
    }
    if let Some(quality) = args.quality {
        preset.quality = Quality::all(quality);
    }
    preset.check().map_err(|error| UsageError(error.to_string()))?;
    Ok(preset)
}
