use std::future::poll_fn;
use std::task::Poll;

/// Runs all of `futures` on this thread, each as far as it can go, and returns their results in order.
pub async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let futures = futures.into_iter();
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        for (future, result) in &mut running {
            if result.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *result = Some(ready);
            }
        }
        if running.iter().any(|(_, result)| result.is_none()) {
            return Poll::Pending;
        }
        let results = running.drain(..).filter_map(|(_, result)| result);
        Poll::Ready(results.collect())
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn none_waits_for_another_and_results_are_in_order() {
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        let mut receiver = Some(receiver);
        let results = together([0, 1].map(|place| {
            let (sender, receiver) = match place {
                0 => (None, receiver.take()),
                _ => (sender.take(), None),
            };
            async move {
                if let Some(sender) = sender {
                    sender.send("by the second").unwrap();
                }
                match receiver {
                    Some(receiver) => receiver.await.unwrap(),
                    None => "the second",
                }
            }
        }))
        .await;
        assert_eq!(results, ["by the second", "the second"]);
    }
}
