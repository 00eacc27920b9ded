//! A worker that stops in the middle, so that others overtake it.

use serde_json::Value;
use thumbnailer::Thumbnailer;

use super::World;

/// A world of which one worker, the returned one, is held at the first request that `at` picks: until then it is
/// waited for by `reached`, and it goes on once `go_on` is sent. The world's own worker is not held.
pub(crate) async fn held(at: &'static str) -> (World, Held) {
    let (reached, reaches) = tokio::sync::oneshot::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let first = std::sync::Mutex::new(Some((reached, goes_on)));
    let mut world = World::with_faults(move |request| {
        if request == at
            && let Some((reached, goes_on)) = first.lock().unwrap().take()
        {
            reached.send(()).unwrap();
            // The proxy's other connections have threads of their own.
            tokio::task::block_in_place(|| goes_on.recv().unwrap());
        }
        None
    })
    .await;
    let slow = world.replace_worker();
    (world, Held { slow, reaches: Some(reaches), go_on })
}

pub(crate) struct Held {
    slow: Thumbnailer,
    reaches: Option<tokio::sync::oneshot::Receiver<()>>,
    go_on: std::sync::mpsc::Sender<()>,
}

impl Held {
    /// Hands `event` to the slow worker, and returns once it is held.
    pub(crate) async fn begin(&mut self, event: Value) -> tokio::task::JoinHandle<Value> {
        let slow = self.slow.clone();
        let work = tokio::spawn(async move { slow.handle(super::batch(&[event]), None).await.unwrap() });
        self.reaches.take().unwrap().await.unwrap();
        work
    }

    /// Lets the slow worker end; it has to settle.
    pub(crate) async fn end(self, work: tokio::task::JoinHandle<Value>) {
        self.go_on.send(()).unwrap();
        assert_eq!(work.await.unwrap(), serde_json::json!({ "batchItemFailures": [] }));
    }
}
