//! What the gate costs a usual browser request: the framer alone, and the way through the gate.

use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hyper::rt::{Read, ReadBuf};
use sekisho_edge::http1::{Framer, Gate, HeadIndex, HeadReport, Limits, Step, Timeouts};
use tokio::io::AsyncRead;

/// A head as a browser sends it.
const HEAD: &str = "GET /catalogue/books?category=databases&sort=price&page=3 HTTP/1.1\r\n\
    Host: shop.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: ja,en-US;q=0.7,en;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://shop.example.com/catalogue/books?category=databases\r\n\
    Connection: keep-alive\r\n\
    Cookie: session=9f1c2f0d4be34f58a1d5b1c7e2a90fd3; theme=dark; consent=necessary\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Priority: u=0, i\r\n\r\n";

fn framer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("framer");
    group.throughput(Throughput::Bytes(HEAD.len() as u64));
    group.bench_function("browser head", |bencher| {
        let mut framer = Framer::new(Limits::default());
        let mut spare = HeadIndex::default();
        bencher.iter(|| {
            let step = framer.step(black_box(HEAD.as_bytes()));
            assert_eq!(step, Ok(Step::Head { bytes: HEAD.len() }));
            spare = framer.take_index(std::mem::take(&mut spare));
        });
    });

    let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
    group.throughput(Throughput::Bytes(chunk.len() as u64));
    group.bench_function("chunk of 8 KiB", |bencher| {
        let mut framer = Framer::new(Limits::default());
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(framer.step(head), Ok(Step::Head { bytes: head.len() }));
        bencher.iter(|| {
            assert_eq!(framer.step(black_box(chunk.as_bytes())), Ok(Step::Body { bytes: chunk.len(), ends: false }));
        });
    });
    group.finish();
}

/// A connection that brings the same head again and again.
struct Browser;

impl AsyncRead for Browser {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        buf.put_slice(HEAD.as_bytes());
        Poll::Ready(Ok(()))
    }
}

fn gate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gate");
    group.throughput(Throughput::Bytes(HEAD.len() as u64));
    group.bench_function("browser request, with its report", |bencher| {
        let (mut gate, heads) = Gate::new(Browser, Limits::default(), Timeouts::default());
        let mut context = Context::from_waker(Waker::noop());
        let mut bytes = [0; 4096];
        bencher.iter(|| {
            let mut buf = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut gate).poll_read(&mut context, buf.unfilled());
            assert!(read.is_ready() && buf.filled().len() == HEAD.len());
            let arrival = heads.next().expect("a request was read");
            match black_box(arrival.report) {
                HeadReport::Well(head) => heads.recycle(head),
                HeadReport::Malformed(refused) => panic!("{}", refused.reason),
            }
        });
    });
    group.finish();
}

criterion_group!(benches, framer, gate);
criterion_main!(benches);
