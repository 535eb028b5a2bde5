//! What masking costs on lines without anything to mask.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sekisho_mask::{Counts, Mask, MaskSettings, Scratch};

const VPC: &str = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
const CLOUDTRAIL: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAIDPPEZS35WEXAMPLE:session","arn":"arn:aws:sts::123456789012:assumed-role/Role/session","accountId":"123456789012","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAIDPPEZS35WEXAMPLE","arn":"arn:aws:iam::123456789012:role/Role","accountId":"123456789012","userName":"Role"},"attributes":{"creationDate":"2026-11-22T01:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-11-22T01:02:05Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"ap-northeast-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.0 Python/3.11.6","requestParameters":{"instancesSet":{},"filterSet":{"items":[{"name":"tag:Name","valueSet":{"items":[{"value":"web"}]}}]}},"responseElements":null,"requestID":"59dbff89-35bd-4eac-99ed-be587EXAMPLE","eventID":"3c6f1ee1-8a5e-4b37-9f0e-4a5f7bEXAMPLE","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.ap-northeast-1.amazonaws.com"}}"#;

fn bench(criterion: &mut Criterion) {
    let settings = [
        ("cards", MaskSettings { names: Vec::new(), ..MaskSettings::default() }),
        ("cards and names", MaskSettings::default()),
    ];
    for (name, settings) in settings {
        let mask = Mask::new(&settings).expect("the settings are right");
        let mut group = criterion.benchmark_group(name);
        for (kind, record) in [("vpc flow", VPC), ("cloudtrail", CLOUDTRAIL)] {
            group.throughput(Throughput::Bytes(record.len() as u64));
            let (mut scratch, mut counts) = (Scratch::default(), Counts::default());
            group.bench_function(kind, |bencher| {
                bencher.iter(|| mask.apply(std::hint::black_box(record.as_bytes()), &mut scratch, &mut counts).len());
            });
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
