//! Which glibc an executable asks for: Lambda has that of Amazon Linux 2023, and what asks for a newer one doesn't start.

use anyhow::{Context, Result, bail};
use object::{Endianness, elf::FileHeader64, read::elf::FileHeader};

/// The glibc of Amazon Linux 2023, on which `provided.al2023` runs.
pub(super) const NEWEST: (u32, u32) = (2, 34);

/// The newest version that `executable` asks for, as text.
///
/// # Errors
///
/// When it is newer than Lambda's, with what to do, or the executable is none.
pub(super) fn check(executable: &[u8], triple: &str) -> Result<String> {
    let (major, minor) = NEWEST;
    let needed = needed(executable)?;
    let Some(newest) = needed.iter().max() else { return Ok("no version".to_owned()) };
    if *newest > NEWEST {
        bail!(
            "the executable asks for glibc {}.{}, but Lambda's provided.al2023 has {major}.{minor}: this machine's is too \
             new to link with. Install cargo-zigbuild (`pip install cargo-zigbuild`), run `cargo zigbuild --profile lambda \
             --target {triple}.{major}.{minor} --package thumbnailer --bin bootstrap`, zip that and deploy it with --zip, or \
             package on Amazon Linux 2023 or Debian 12",
            newest.0,
            newest.1
        );
    }
    Ok(format!("{}.{}", newest.0, newest.1))
}

/// The versions of glibc that the symbols of an executable are bound to.
///
/// Source: Linux Standard Base, "Symbol Versioning" (`.gnu.version_r`).
fn needed(executable: &[u8]) -> Result<Vec<(u32, u32)>> {
    let header = FileHeader64::<Endianness>::parse(executable).context("it is no 64-bit ELF file")?;
    let endian = header.endian()?;
    let sections = header.sections(endian, executable)?;
    let mut versions = Vec::new();
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, executable)? else {
        return Ok(versions);
    };
    let strings = sections.strings(endian, executable, strings)?;
    while let Some((_, mut symbols)) = libraries.next()? {
        while let Some(symbol) = symbols.next()? {
            let name = String::from_utf8_lossy(symbol.name(endian, strings)?);
            versions.extend(version(&name));
        }
    }
    Ok(versions)
}

/// `GLIBC_2.34` as numbers; a third number, of ancient versions, doesn't matter.
fn version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(version("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(version("GLIBC_PRIVATE"), None);
        assert_eq!(version("GCC_4.2.0"), None);
        assert!(version("GLIBC_2.4").unwrap() < NEWEST);
    }

    #[test]
    fn this_very_program_asks_for_some_glibc() {
        let program = fs::read(env::current_exe().unwrap()).unwrap();
        let needed = needed(&program).unwrap();
        assert!(needed.iter().any(|version| *version >= (2, 2)), "{needed:?}");
        assert!(check(b"no executable", "x").is_err());
    }
}
