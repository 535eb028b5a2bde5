//! The compiled matcher gives the reference evaluator's verdict on generated policies and requests.

mod generate;

use std::net::IpAddr;

use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_waf::{Context, CountedKey, Limits, Place, PlaceSource, RateSource, RuleRef, RuleSet, Scratch, reference};

/// Counts by rule, so that some limits are exceeded: the same for both evaluators.
struct FixedRates;

impl RateSource for FixedRates {
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, window_s: u32, _: Timestamp) -> u64 {
        let sum = |bytes: &[u8]| bytes.iter().fold(0_u32, |sum, byte| (sum * 31 + u32::from(*byte)) % 251);
        let last = match key {
            CountedKey::Address(IpAddr::V4(address)) => sum(&address.octets()[3..]),
            CountedKey::Address(IpAddr::V6(address)) => sum(&address.octets()[15..]),
            CountedKey::InvalidAddress => 77,
            CountedKey::Constant => 200,
            CountedKey::Custom(values) => sum(values),
        };
        u64::from(rule.rule * 7 + last + window_s)
    }
}

struct FixedPlaces;

impl PlaceSource for FixedPlaces {
    fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        match address {
            IpAddr::V4(address) if address.octets()[0] == 10 => Some(Place { country: "JP", region: Some("13") }),
            IpAddr::V4(address) if address.octets()[0] == 192 => Some(Place { country: "US", region: None }),
            _ => None,
        }
    }

    fn asn(&self, address: IpAddr) -> Option<u32> {
        address.is_ipv4().then_some(64500)
    }
}

/// 2,000 unless `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn compiled_equals_reference(policy in generate::policy(), requests in prop::collection::vec((generate::request(), generate::token()), 1..4)) {
        let limits = Limits { headers_max: 6, cookies_bytes_max: 24, headers_bytes_max: 200, ..Limits::default() };
        let rule_set = RuleSet::compile(policy.clone(), limits).unwrap();
        let now = Timestamp::from_unix_ms(generate::NOW_MS);
        let mut scratch = Scratch::new();
        for (owned, token) in &requests {
            let context = Context { now, rates: &FixedRates, places: &FixedPlaces, token };
            owned.with(|request| {
                let (expected, _) = reference::evaluate(&policy, &limits, request, &context);
                let got = rule_set.evaluate(request, &context, &mut scratch);
                prop_assert_eq!(got, &expected);
                Ok(())
            })?;
        }
    }
}
