//! Objects of S3 and messages of SQS, as moto's server gives them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sekisho_disk::simulated::Plan;
use sekisho_gather::{Feed, stop};
use serde_json::{Value, json};

use crate::moto::{Moto, failing_way};
use crate::world::{World, feed, gzip, until};

fn bucket(moto: &Moto, more: &Value) -> Vec<Feed> {
    let mut settings = json!({
        "from": "s3", "source": "nginx", "url": "s3://logs/in/", "endpoint": format!("http://{}", moto.at), "region": "us-east-1",
        "access_key_id": "key", "secret_access_key_file": moto.secret.path()
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    vec![feed(settings)]
}

fn sorted(mut raws: Vec<String>) -> Vec<String> {
    raws.sort();
    raws
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_read_once_and_late_keys_are_found_wherever_they_sort() {
    let moto = Moto::start().await;
    let world = World::new();
    moto.put("in/b/1.log", b"one\ntwo\n").await;
    moto.put("in/b/2.log.gz", &[gzip(b"three\n"), gzip(b"four")].concat()).await;
    moto.put("inside/no.log", b"beside\n").await;
    drop(world.run(&bucket(&moto, &json!({}))).await.unwrap());
    assert_eq!(world.raws(), ["one", "two", "three", "four"]);
    moto.put("in/a/0.log", b"late\n").await;
    moto.put("in/b/1.log", b"one, rewritten\n").await;
    let gather = world.run(&bucket(&moto, &json!({}))).await.unwrap();
    assert_eq!(gather.counts()["nginx"].stored_records, 2);
    drop(gather);
    assert_eq!(world.raws()[4..], ["late", "one, rewritten"]);
    // When all of it is old, one position is enough for all of it, and nothing is read again.
    world.clock.advance_ms(1_000 * 86_400_000);
    drop(world.run(&bucket(&moto, &json!({}))).await.unwrap());
    assert_eq!(world.raws().len(), 6);
    assert!(world.position_bytes() < 1_500, "{}", world.position_bytes());
    drop(world.run(&bucket(&moto, &json!({}))).await.unwrap());
    assert_eq!(world.raws().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_each_object_is_read_once_whether_old_or_young() {
    let moto = Moto::start().await;
    let mut expected = Vec::new();
    for object in 0..12 {
        let lines: String = (0..300).map(|line| format!("{object:02} {line:03} {}\n", "x".repeat(3_000))).collect();
        expected.extend(lines.lines().map(str::to_owned));
        moto.put(&format!("in/{object:02}.log.gz"), &gzip(lines.as_bytes())).await;
    }
    let mut partly = 0;
    for (at, is_old) in (5..17).zip([true, false].into_iter().cycle()) {
        let mut world = World::with(Plan { crash_at: Some(at), ..Plan::default() });
        if is_old {
            world.clock.advance_ms(1_000 * 86_400_000);
        }
        let mut starts = 0;
        while world.run(&bucket(&moto, &json!({}))).await.is_err() {
            starts += 1;
            assert!(starts < 10, "killed at {at}");
            world = world.crashed(Plan { crash_at: (starts < 2).then_some(7), ..Plan::default() });
            partly += usize::from(starts == 2);
        }
        let world = world.crashed(Plan::default());
        let raws = world.raws();
        assert!(raws == expected, "killed at {at}: {} of {}", raws.len(), expected.len());
    }
    assert!(partly > 3, "{partly}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_fails_now_and_then_is_asked_again() {
    let moto = Moto::start().await;
    for object in 0..30 {
        moto.put(&format!("in/{object}.log"), format!("object {object}\n").as_bytes()).await;
    }
    let (way, failed) = failing_way(moto.at, 2).await;
    let world = World::new();
    let more = json!({"endpoint": format!("http://{way}")});
    drop(world.run(&bucket(&moto, &more)).await.unwrap());
    assert_eq!(sorted(world.raws()), sorted((0..30).map(|object| format!("object {object}")).collect()));
    assert!(failed.load(Ordering::SeqCst) > 0);
}

fn told(key: &str) -> Value {
    json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "logs"}, "object": {"key": key}}}]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_deleted_when_its_objects_are_durable_and_not_before() {
    let moto = Moto::start().await;
    let queue = moto.queue().await;
    moto.put("in/1.log", b"one\n").await;
    moto.put("in/2%20b.log", b"two\n").await;
    let world = World::with(Plan { bytes_max: Some(100), ..Plan::default() });
    let gather = Arc::new(world.gather().unwrap());
    let (stopper, stopped) = stop();
    let feeds = bucket(&moto, &json!({"queue": queue}));
    let running = {
        let gather = Arc::clone(&gather);
        tokio::spawn(async move { gather.run(feeds, &stopped).await })
    };
    moto.tell(&queue, &told("in/1.log").to_string()).await;
    let counts = || gather.counts().get("nginx").cloned().unwrap_or_default();
    // The disk is full: the message stays.
    until("a refusal", || counts().refused_sets > 1).await;
    assert_eq!(moto.messages(&queue).await, (0, 1));
    world.disk.set_plan(Plan::default());
    until("the first object", || counts().stored_records == 1).await;
    // The same again, through SNS and EventBridge; what is of another place, gone, or not understood.
    let wrapped = json!({"Type": "Notification", "Message": told("in/1.log").to_string()});
    let bridge = json!({"detail-type": "Object Created", "detail": {"bucket": {"name": "logs"}, "object": {"key": "in/2 b.log"}}});
    for body in [wrapped, bridge, told("in/gone.log"), told("elsewhere.log"), json!({"Event": "s3:TestEvent"})] {
        moto.tell(&queue, &body.to_string()).await;
    }
    moto.tell(&queue, "no JSON").await;
    until("both objects", || counts().stored_records == 2 && counts().repeated == 1 && counts().rejected == 1).await;
    let mut left = (9, 9);
    for _ in 0..500 {
        left = moto.messages(&queue).await;
        if left == (0, 1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left, (0, 1), "only what is not understood stays");
    stopper.stop();
    running.await.unwrap().unwrap();
    drop(gather);
    assert_eq!(world.raws(), ["one", "two"]);
}

#[tokio::test]
async fn settings_that_cannot_be_are_explained() {
    let world = World::new();
    for (settings, part) in [
        (json!({"from": "s3", "source": "nginx", "url": "logs/in"}), "s3://"),
        (json!({"from": "s3", "source": "nginx", "url": "s3://logs", "access_key_id": "x"}), "secret_access_key_file"),
        (json!({"from": "s3", "source": "nginx", "url": "s3://logs", "region": "us-east-1", "queue": "told"}), "queue"),
    ] {
        let error = world.run(&[feed(settings)]).await.err().unwrap();
        assert!(error.to_string().contains(part), "{error}");
    }
}
