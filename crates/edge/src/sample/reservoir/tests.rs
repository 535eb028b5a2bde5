//! Counting, drawing, and giving up what is old.

use super::*;

const QUARTER: u64 = SLOT_MS;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_299_300_000 / SLOT_MS * SLOT_MS + ms)
}

fn reservoir(bytes_max: usize) -> Reservoir {
    let reservoir = Reservoir::default();
    reservoir.limit(bytes_max);
    reservoir
}

fn offer(reservoir: &Reservoir, draw: Draw, ms: u64, text: &str) -> bool {
    let drawn = reservoir.count(at(ms), draw);
    if let Some(drawn) = drawn {
        reservoir.keep(drawn, Sample { at: at(ms), json: text.as_bytes().into() });
    }
    drawn.is_some()
}

fn seen(reservoir: &Reservoir, start: u64, end: u64) -> (usize, u64) {
    let slots = reservoir.window(at(start), at(end));
    (slots.iter().map(|slot| slot.samples.len()).sum(), slots.iter().map(|slot| slot.population).sum())
}

#[test]
fn all_of_few_and_some_of_many_are_kept_and_all_are_counted() {
    let (reservoir, draw) = (reservoir(1 << 20), Draw::new());
    for ms in 0..60 {
        assert!(offer(&reservoir, draw, ms, "{"));
    }
    assert_eq!(seen(&reservoir, 0, 60), (60, 60));
    let drawn = (60..10_000).filter(|&ms| offer(&reservoir, draw, ms, "{")).count();
    assert_eq!(seen(&reservoir, 0, 10_000), (500, 10_000));
    // 440 more fill the place; of the others, about 500 × ln(10,000 / 500) = 1,500 are drawn.
    assert!((1_600..2_300).contains(&drawn), "{drawn}");
}

#[test]
fn every_request_is_as_likely_as_any_other() {
    let draw = Draw::new();
    let mut of_first_half = 0;
    for round in 0..40 {
        let reservoir = reservoir(1 << 20);
        for ms in 0..1_000 {
            offer(&reservoir, draw, ms * 17 + round, if ms < 500 { "first" } else { "second" });
        }
        let slots = reservoir.window(at(0), at(QUARTER));
        of_first_half += slots[0].samples.iter().filter(|sample| &*sample.json == b"first").count();
    }
    // 20,000 samples; the standard deviation is 50.
    assert!((9_700..10_300).contains(&of_first_half), "{of_first_half}");
}

#[test]
fn what_is_older_than_three_hours_makes_place() {
    let (reservoir, draw) = (reservoir(1 << 20), Draw::new());
    for slot in 0..20 {
        offer(&reservoir, draw, slot * QUARTER, "{");
    }
    let now = 19 * QUARTER;
    assert_eq!(seen(&reservoir, now - KEPT_MS, now), (13, 13));
    assert_eq!(seen(&reservoir, 0, now), (13, 13));
    // The older ones gave their memory back.
    assert_eq!(reservoir.bytes.load(Ordering::Relaxed), 13 * (1 + size_of::<Sample>()));
}

#[test]
fn a_window_that_cuts_a_slot_estimates_its_population() {
    let (reservoir, draw) = (reservoir(1 << 20), Draw::new());
    for ms in 0..1_000 {
        offer(&reservoir, draw, ms, "{");
    }
    let (samples, population) = seen(&reservoir, 0, 499);
    assert_eq!(population, 2 * samples as u64);
    assert_eq!(seen(&reservoir, 2_000, 3_000).0, 0);
}

#[test]
fn memory_is_bounded_and_the_oldest_give_way() {
    let (reservoir, draw) = (reservoir(1_000), Draw::new());
    let text = "x".repeat(400);
    assert!(offer(&reservoir, draw, 0, &text) && offer(&reservoir, draw, 1, &text));
    assert_eq!(seen(&reservoir, 0, 10), (2, 2));
    offer(&reservoir, draw, 2, &text);
    assert_eq!(seen(&reservoir, 0, 10), (2, 3), "nothing older to give up");
    offer(&reservoir, draw, QUARTER, &text);
    assert_eq!(seen(&reservoir, 0, QUARTER), (1, 4));
    offer(&reservoir, draw, QUARTER + 1, &"x".repeat(2_000));
    assert!(reservoir.bytes.load(Ordering::Relaxed) <= 1_000);
}

#[test]
fn a_store_that_is_being_read_is_passed_by() {
    let (reservoir, draw) = (reservoir(1 << 20), Draw::new());
    let reading = reservoir.slot(epoch_of(at(0))).kept.lock().unwrap();
    assert!(offer(&reservoir, draw, 0, "{"));
    drop(reading);
    assert_eq!(seen(&reservoir, 0, 10), (0, 1));
}
