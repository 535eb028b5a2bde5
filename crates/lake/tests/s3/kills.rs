//! A process with its tables in S3 is killed with `kill -9` again and again.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::moto::Moto;
use crate::random::Random;
use crate::way::Way;
use crate::world::{bring, check, finish, open, place, position};

const LOG: &str = "lake.example/kills";
const KILLS: u64 = 10;

pub(crate) fn child(folder: &Path, at: SocketAddr, prefix: &str, seed: u64) {
    let mut random = Random::new(seed);
    let place = place(folder, at, prefix);
    let lake = loop {
        match open(&place, LOG) {
            Ok(lake) => break lake,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut at = position(&lake);
    println!("acknowledged {at}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                // It fails when the store does, and while the lease is another's: one that was killed.
                _ = lake.compact(Duration::ZERO);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        loop {
            let until = at + 1 + random.below(12);
            bring(&lake, at, until);
            at = until;
            println!("acknowledged {at}");
            std::thread::sleep(Duration::from_millis(random.below(20)));
        }
    });
}

pub(crate) fn killed_again_and_again() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let way = runtime.block_on(Way::open(moto.at, 7));
    way.fail(12);
    let mut random = Random::new(7);
    let mut acknowledged = 0;
    for _ in 0..KILLS {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("child").arg(folder.path()).arg(way.at.to_string()).args(["lake", &random.next().to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let numbers = output.lines().map_while(Result::ok);
            let numbers = numbers.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
            numbers.max().unwrap_or(0)
        });
        std::thread::sleep(Duration::from_millis(300 + random.below(1_500)));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "a child ended by itself");
        acknowledged = acknowledged.max(reader.join().unwrap());
    }
    way.fail(0);
    let place = place(folder.path(), way.at, "lake");
    let lake = open(&place, LOG).unwrap();
    let stored = position(&lake);
    assert!(acknowledged > 50 && stored >= acknowledged, "{acknowledged} were acknowledged, {stored} are known");
    finish(lake, &place, LOG);
    check(&place, LOG, stored);
    println!("  {KILLS} kills: {acknowledged} acknowledged, {stored} stored, {:?}", way.counts());
}
