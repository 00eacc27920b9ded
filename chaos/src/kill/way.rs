//! What an invocation that is to be killed works on.

use anyhow::ensure;
use aws_sdk_s3::primitives::ByteStream;
use local_s3::Message;

use crate::pictures::photograph;
use crate::world::{ORIGINALS, World};

/// Of the original whose way it is.
pub(super) const KEY: &str = "photos/a b+c.jpg";

/// Something that happens to an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    FirstUpload,
    Overwrite,
    Removal,
    Rejection,
    /// What is no picture takes a picture's place.
    Spoiling,
}

/// One thing done to the original.
enum Deed {
    /// A photograph made from this seed is put.
    Put(u64),
    /// What is no picture is put.
    PutNonsense,
    Delete,
}

impl Way {
    pub(super) const ALL: [Self; 5] =
        [Self::FirstUpload, Self::Overwrite, Self::Removal, Self::Rejection, Self::Spoiling];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FirstUpload => "first upload",
            Self::Overwrite => "overwrite",
            Self::Removal => "removal",
            Self::Rejection => "rejection",
            Self::Spoiling => "rejection of an overwrite",
        }
    }

    /// What is done before, and settled.
    fn before(self) -> Option<Deed> {
        match self {
            Self::FirstUpload | Self::Rejection => None,
            Self::Overwrite | Self::Removal | Self::Spoiling => Some(Deed::Put(1)),
        }
    }

    /// What the killed invocation works on.
    fn deed(self) -> Deed {
        match self {
            Self::FirstUpload => Deed::Put(1),
            Self::Overwrite => Deed::Put(2),
            Self::Removal => Deed::Delete,
            Self::Rejection | Self::Spoiling => Deed::PutNonsense,
        }
    }

    /// Does what comes before; the message of it, if there is one.
    pub(super) async fn prepare(self, world: &World) -> anyhow::Result<Option<Message>> {
        match self.before() {
            None => Ok(None),
            Some(deed) => message_of(world, deed).await.map(Some),
        }
    }

    /// Does it; the message of it.
    pub(super) async fn go(self, world: &World) -> anyhow::Result<Message> {
        message_of(world, self.deed()).await
    }
}

/// Does `deed` and takes its message from the queue.
async fn message_of(world: &World, deed: Deed) -> anyhow::Result<Message> {
    match deed {
        Deed::Put(seed) => put(world, photograph(160, 120, seed).bytes).await?,
        Deed::PutNonsense => put(world, b"This is no picture.".repeat(9)).await?,
        Deed::Delete => {
            world.s3.delete_object().bucket(ORIGINALS).key(KEY).send().await?;
        }
    }
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    let queue = world.server.queue();
    let deliver = move |batch: Vec<Message>| {
        batch.into_iter().for_each(|message| _ = say.send(message));
        std::future::ready(Vec::new())
    };
    queue.run(deliver, queue.settled()).await;
    let mut messages = Vec::new();
    while let Some(message) = said.recv().await {
        messages.push(message);
    }
    ensure!(messages.len() == 1, "S3 sent {} events instead of one", messages.len());
    Ok(messages.remove(0))
}

async fn put(world: &World, bytes: Vec<u8>) -> anyhow::Result<()> {
    world.s3.put_object().bucket(ORIGINALS).key(KEY).body(ByteStream::from(bytes)).send().await?;
    Ok(())
}
