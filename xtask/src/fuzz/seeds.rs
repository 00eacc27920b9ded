//! What the targets begin with: the generated inputs, each for the target that reads it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Targets of a decoder, and the file name extension of what it reads.
const DECODERS: [(&str, &str); 6] = [
    ("decode_jpeg", "jpg"),
    ("decode_png", "png"),
    ("decode_webp", "webp"),
    ("decode_gif", "gif"),
    ("decode_bmp", "bmp"),
    ("decode_tiff", "tif"),
];

/// What stands before the file in an input of `derive`: WebP and JPEG or PNG, quality 80, widths of 64, 30 and 8.
const PRESET: [u8; 5] = [0b00011, 79, 63, 29, 7];
/// The same with every format.
const EVERY_FORMAT: [u8; 5] = [0b11111, 79, 63, 29, 7];

/// What stands before the file in an input of `scaled_jpeg`: every component at full size, at 1/2, and at 1/8.
const SCALES: [[u8; 2]; 3] = [[35, 35], [21, 21], [0, 0]];
/// Inputs of `scaled_jpeg_differential`, which are choices, and the bytes of each.
const CHOICES: (usize, usize) = (64, 96);

/// Keys of originals and of what is derived from them.
const KEYS: [&str; 6] = [
    "2026/11/lighthouse.jpg",
    "a+b c%20d/ä 日本.png",
    "./..//photo.jpg",
    "photo.jpg/manifest.json",
    "photo.jpg/0123456789abcdef/1920-89abcdef.webp",
    "photo.jpg/0123456789abcdef/0001-89abcdef.webp",
];

/// Sequencers of three events, a line each.
const SEQUENCERS: [&str; 4] = [
    "0055AED6DCD90281E5\n0055AED6DCD90281E500\n0055AED6DCD90281E501",
    "\n00\nff",
    "0055aed6\n0055AED6\n0055AED7",
    "1\n0FFFFFFFFF\n",
];

/// Texts with controls of each kind.
const TEXTS: [&str; 4] = [
    "2026/lisbon/caf\u{e9} 写真.jpg",
    "\u{1b}[31mred\u{1b}]0;owned\u{7}.jpg",
    "two\r\nlines\t\u{7f}\u{9b}31m\u{85}",
    "gpj.\u{202e}exe\u{2066}\u{2069}\u{200f}\u{2028}\u{61c}",
];

/// Browser forms, each after a byte that divides it and a line with its Content-Type; and a policy.
const FORMS: [&str; 3] = [
    "\x10multipart/form-data; boundary=\"a b\"\n--a b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n\
     ${filename}\r\n--a b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\a.jpg\"\r\n\
     Content-Type: image/jpeg\r\n\r\n\r\n--a \r\r\n--a b--\r\n",
    "\x02\n--b\r\nContent-Disposition: form-data; name=policy\r\n\r\neyJleHBpcmF0aW9uIjoiMjAzMC0wMS0wMVQwMDowMDowMFoiLCJjb25kaXRp\
     b25zIjpbeyJidWNrZXQiOiJidWNrZXQifSxbImVxIiwiJGtleSIsImEiXSxbInN0YXJ0cy13aXRoIiwiJGFjbCIsIi\
     JdLFsiY29udGVudC1sZW5ndGgtcmFuZ2UiLDAsOV1dfQ==\r\n--b\r\ncontent-disposition: form-data; name=file; \
     filename*=UTF-8''%C3%A4\r\n\r\nx\r\n--b \r\n",
    "\x00\n{\"expiration\":\"2030-01-01T00:00:00Z\",\"conditions\":[{\"a\":\"\\$b\"},[\"starts-with\",\"$key\",\"\"]]}",
];

/// Writes the seeds anew, those of at most `longest` bytes, into a folder a target.
pub(crate) fn write(workspace: &Workspace, home: &Path, longest: u64) -> Result<()> {
    if home.exists() {
        fs::remove_dir_all(home).with_context(|| format!("cannot remove {}", home.display()))?;
    }
    let folder = Folder { home, longest };
    // Also those that stay empty: libFuzzer wants every folder that it is given to be there.
    for target in super::TARGETS {
        folder.make(target)?;
    }
    let kinds = ::fixtures::every_kind().into_iter().map(|kind| (kind.name, kind.bytes));
    let broken = ::fixtures::broken().into_iter().map(|file| (file.name.to_owned(), file.bytes));
    for (name, bytes) in kinds.chain(broken) {
        folder.put("probe", &name, &bytes)?;
        let preset = if name == "png-rgba-8.png" { EVERY_FORMAT } else { PRESET };
        folder.put("derive", &name, &[&preset, bytes.as_slice()].concat())?;
        for (target, _) in DECODERS.iter().filter(|(_, extension)| name.ends_with(&format!(".{extension}"))) {
            folder.put(target, &name, &bytes)?;
        }
        if name.ends_with(".jpg") {
            folder.put("scaled_jpeg_header", &name, &bytes)?;
            for scales in SCALES {
                let name = format!("{}-{name}", scales[0]);
                folder.put("scaled_jpeg", &name, &[scales.as_slice(), &bytes].concat())?;
            }
        }
    }
    for index in 0..CHOICES.0 {
        let choices: Vec<u8> = (0..CHOICES.1).map(|at| chosen(index * CHOICES.1 + at)).collect();
        folder.put("scaled_jpeg_differential", &index.to_string(), &choices)?;
    }
    for (index, event) in events(workspace)?.iter().enumerate() {
        folder.put("event", &index.to_string(), event)?;
    }
    for (index, key) in KEYS.iter().enumerate() {
        folder.put("key", &index.to_string(), key.as_bytes())?;
    }
    for (index, form) in FORMS.iter().enumerate() {
        folder.put("form", &index.to_string(), form.as_bytes())?;
    }
    for (index, sequencers) in SEQUENCERS.iter().enumerate() {
        folder.put("sequencer", &index.to_string(), sequencers.as_bytes())?;
    }
    for (index, text) in TEXTS.iter().enumerate() {
        folder.put("escape", &index.to_string(), text.as_bytes())?;
    }
    for (index, document) in DOCUMENTS.iter().enumerate() {
        folder.put("xml", &index.to_string(), document.as_bytes())?;
    }
    let manifest = workspace.root().join("manifest/tests/data/derived.json");
    let manifest = fs::read(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    folder.put("manifest", "derived", &manifest)
}

/// Bodies of S3 requests in every form that clients write.
const DOCUMENTS: [&str; 4] = [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <Object><Key>a&#x1F600;&amp;b</Key><VersionId>null</VersionId></Object><Quiet>true</Quiet></Delete>",
    "<a:Delete xmlns:a='b'><!-- c --><a:Object><a:Key><![CDATA[d<e>]]></a:Key></a:Object></a:Delete>",
    "<Tagging><TagSet><Tag><Key>&lt;&#13;&#128512;</Key><Value/></Tag></TagSet></Tagging>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
];

/// A byte for `index`, by Knuth's multiplicative hash.
fn chosen(index: usize) -> u8 {
    ((index as u32).wrapping_mul(2_654_435_761) >> 24) as u8
}

/// Every document in `fixtures/events`, and each in a queue's message.
fn events(workspace: &Workspace) -> Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    for path in documents(&workspace.root().join("fixtures/events"))? {
        let event = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let body = String::from_utf8_lossy(&event).into_owned();
        let message = serde_json::json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "body": body,
            "attributes": { "ApproximateReceiveCount": "2" },
            "eventSource": "aws:sqs",
        });
        events.push(serde_json::to_vec(&serde_json::json!({ "Records": [message] }))?);
        events.push(event);
    }
    Ok(events)
}

/// The JSON files below `folder`.
fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(documents(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

struct Folder<'a> {
    home: &'a Path,
    longest: u64,
}

impl Folder<'_> {
    fn make(&self, target: &str) -> Result<()> {
        let folder = self.home.join(target);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))
    }

    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() || bytes.len() as u64 > self.longest {
            return Ok(());
        }
        let path = self.home.join(target).join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}
