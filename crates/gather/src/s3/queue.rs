//! A queue of SQS that tells of new objects. A message is deleted when all objects it tells of are durable.
//!
//! Source: Amazon SQS API reference, `ReceiveMessage` and `DeleteMessage`; "Making requests with the AWS JSON protocol".

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use object_store::ClientOptions;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpClient, HttpConnector as _, HttpRequestBody, ReqwestConnector};
use object_store::path::Path;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::access::{Access, service};
use super::listing::fetch;
use super::notification::{Notified, read_notification};
use super::objects::Item;
use super::pass::Object;
use crate::counters::{SourceCounters, add};
use crate::error::{GatherError, chain};
use crate::stop::Stop;

/// Messages asked for at once: the most that there are.
const MESSAGES_MAX: u32 = 10;
/// Seconds that the queue waits for a message.
const WAIT_S: u32 = 10;
/// Seconds that nobody else is given a message: enough for the largest objects. After it, it comes again, and its objects are known.
const VISIBILITY_S: u32 = 900;
/// How long a request may take, besides the wait.
const REQUEST: Duration = Duration::from_secs(30);
/// How long it takes until a queue that failed is asked again: at first, and at the most.
const RETRY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// Messages that are under way.
const UNDER_WAY_MAX: usize = 40;
/// Bytes of what the service says that are told when it refuses.
const SAID_BYTES_MAX: usize = 300;

/// A queue.
struct Queue {
    url: String,
    endpoint: String,
    region: String,
    client: HttpClient,
    access: Arc<Access>,
}

#[derive(Debug, Deserialize)]
struct Received {
    #[serde(rename = "Messages", default)]
    messages: Option<Vec<Message>>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "ReceiptHandle")]
    receipt: String,
}

/// Receives until it is stopped.
pub(super) async fn receive(
    url: &str,
    access: &Arc<Access>,
    objects: &mpsc::Sender<Item>,
    counters: &Arc<SourceCounters>,
    mut stop: Stop,
) -> Result<(), GatherError> {
    let queue = Arc::new(Queue::new(url, access)?);
    let mut under_way = JoinSet::new();
    let [mut pause, pause_max] = RETRY;
    while !stop.is_stopped() {
        while under_way.len() >= UNDER_WAY_MAX {
            under_way.join_next().await;
        }
        let received = tokio::select! {
            () = stop.stopped() => break,
            received = queue.receive() => received,
        };
        match received {
            Ok(messages) => {
                pause = RETRY[0];
                for message in messages {
                    let (queue, objects, counters) = (Arc::clone(&queue), objects.clone(), Arc::clone(counters));
                    under_way.spawn(async move {
                        if let Err(error) = queue.take(&message, &objects, &counters).await {
                            add(&counters.failures, 1);
                            tracing::warn!(error = %chain(&error), "a message of a queue stays there and comes again");
                        }
                    });
                }
            }
            Err(error) => {
                add(&counters.failures, 1);
                tracing::warn!(error = %chain(&error), "a queue does not answer; it is asked again");
                stop.sleep(pause).await;
                pause = pause_max.min(pause * 2);
            }
        }
    }
    while under_way.join_next().await.is_some() {}
    Ok(())
}

impl Queue {
    fn new(url: &str, access: &Arc<Access>) -> Result<Self, GatherError> {
        let wrong = || {
            GatherError::setting("queue", "it is the URL of a queue, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`")
        };
        let parsed: http::Uri = url.parse().map_err(|_| wrong())?;
        let (scheme, authority) = parsed.scheme_str().zip(parsed.authority()).ok_or_else(wrong)?;
        if !matches!(scheme, "http" | "https") {
            return Err(wrong());
        }
        let of_host = authority.host().strip_prefix("sqs.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
        let region = of_host.unwrap_or(&access.region).to_owned();
        let timeout = REQUEST + Duration::from_secs(u64::from(WAIT_S));
        let options = ClientOptions::new().with_allow_http(scheme == "http").with_timeout(timeout);
        let client =
            ReqwestConnector::default().connect(&options).map_err(|error| GatherError::setting("queue", error))?;
        let endpoint = format!("{scheme}://{authority}/");
        Ok(Self { url: url.to_owned(), endpoint, region, client, access: Arc::clone(access) })
    }

    /// Asks the service for something.
    async fn call(&self, action: &str, mut asked: Value) -> Result<Vec<u8>, GatherError> {
        let failed = |error: &dyn std::error::Error| service(format!("{action} {}", self.url), error);
        asked["QueueUrl"] = self.url.as_str().into();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .body(HttpRequestBody::from(asked.to_string()));
        let mut request = request.map_err(|error| failed(&error))?;
        let credential = self.access.store.credentials().get_credential().await.map_err(|error| failed(&error))?;
        AwsAuthorizer::new(&credential, "sqs", &self.region).authorize(&mut request, None);
        let response = self.client.execute(request).await.map_err(|error| failed(&error))?;
        let status = response.status();
        let body = response.into_body().bytes().await.map_err(|error| failed(&error))?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let said = String::from_utf8_lossy(&body[..body.len().min(SAID_BYTES_MAX)]).into_owned();
        Err(GatherError::Service { action: format!("{action} {}", self.url), reason: format!("{status}: {said}") })
    }

    async fn receive(&self) -> Result<Vec<Message>, GatherError> {
        let asked =
            json!({"MaxNumberOfMessages": MESSAGES_MAX, "WaitTimeSeconds": WAIT_S, "VisibilityTimeout": VISIBILITY_S});
        let body = self.call("ReceiveMessage", asked).await?;
        let received: Received =
            serde_json::from_slice(&body).map_err(|error| service(format!("ReceiveMessage {}", self.url), &error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Stores the objects that a message tells of, then deletes it.
    async fn take(
        &self,
        message: &Message,
        objects: &mpsc::Sender<Item>,
        counters: &SourceCounters,
    ) -> Result<(), GatherError> {
        let unknown = |reason: &str| {
            add(&counters.rejected, 1);
            GatherError::Service { action: "read a message".to_owned(), reason: reason.to_owned() }
        };
        let Notified::Objects(places) = read_notification(&message.body) else {
            return Err(unknown("it tells nothing of S3"));
        };
        let mut durable = Vec::new();
        for (bucket, key) in places {
            if bucket != self.access.bucket {
                return Err(unknown("it tells of another bucket"));
            }
            let key = Path::parse(&key).map_err(|error| service(format!("read the key {key}"), &error))?;
            // Objects beside the prefix are none of this feed's.
            if !key.prefix_matches(&self.access.prefix) {
                continue;
            }
            let Some(meta) = self.access.head(&key).await? else { continue };
            let (told, is_durable) = oneshot::channel();
            let (object, body) = (Object::new(&meta), fetch(&self.access, key));
            let item = Item::Object { object, body, is_listed: false, durable: told };
            objects.send(item).await.map_err(|_| GatherError::Stopped)?;
            durable.push(is_durable);
        }
        for is_durable in durable {
            let gone = |_| GatherError::Service {
                action: "read an object".to_owned(),
                reason: "it is not durable".to_owned(),
            };
            is_durable.await.map_err(gone)?;
        }
        self.call("DeleteMessage", json!({"ReceiptHandle": message.receipt})).await.map(drop)
    }
}
