//! Tables in S3, as moto's server plays it, over a way on which requests and answers are lost: each record is in the tables once, whatever
//! happens, and all is as it was sealed.
//!
//! `s3 [NAME]` runs the cases whose names have NAME in them. A child is `s3 child FOLDER ADDRESS PREFIX SEED`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::print_stdout, reason = "a test of its own, and a child that tells its parent")]
#![expect(clippy::disallowed_methods, reason = "whether this is CI stands in the environment")]

mod compactors;
mod faults;
mod kills;
mod moto;
mod places;
#[path = "../crash/random.rs"]
mod random;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../tamper/second.rs"]
mod second;
mod way;
mod world;

use std::time::Instant;

/// What is run, by name.
const CASES: [(&str, fn()); 14] = [
    ("a bucket is the only place", places::a_bucket_is_the_only_place),
    ("older days move to a bucket, and go", places::older_days_move_to_a_bucket_and_go),
    ("a name is one lake's", places::a_name_is_one_lakes),
    ("a store without conditions is refused", places::a_store_without_conditions_is_refused),
    ("errors say where and what helps", places::errors_say_where_and_what_helps),
    ("a bucket out of reach holds nobody up", places::a_bucket_out_of_reach_holds_nobody_up),
    ("a file is written first by one", faults::a_file_is_written_first_by_one),
    ("a commit whose answer is lost is made once", faults::a_commit_whose_answer_is_lost_is_made_once),
    ("everything goes wrong", faults::everything_goes_wrong),
    ("killed again and again", kills::killed_again_and_again),
    ("two write, and both compact", compactors::two_write_and_both_compact),
    ("one has the lease, and the next takes over", compactors::one_has_the_lease_and_the_next_takes_over),
    ("who lost the lease cannot commit", compactors::who_lost_the_lease_cannot_commit),
    ("a lease whose answers are lost", compactors::a_lease_whose_answers_are_lost),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let [mode, folder, at, prefix, seed] = arguments.as_slice()
        && mode == "child"
    {
        return kills::child(folder.as_ref(), at.parse().unwrap(), prefix, seed.parse().unwrap());
    }
    if !moto::program().exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", moto::program().display());
        println!("skipped: {} is missing: run `cargo xtask python`", moto::program().display());
        return;
    }
    let wanted = arguments.first().map(String::as_str).unwrap_or_default();
    for (name, case) in CASES.into_iter().filter(|(name, _)| name.contains(wanted)) {
        let begun = Instant::now();
        println!("{name} …");
        case();
        println!("{name}: {:.1?}", begun.elapsed());
    }
}
