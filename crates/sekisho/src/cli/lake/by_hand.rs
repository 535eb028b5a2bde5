//! What is done to a lake by hand: here, or by the process that has it open.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho_lake::{Answer, Control, LakeError, Policy, Request};

use super::super::Outcome;
use super::LakeArgs;
use crate::terminal;

/// How long a process that has the lake open may take until it takes requests: it does once it has found out where it ended.
const DEAF_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const DEAF_POLL: Duration = Duration::from_millis(100);

/// Has this done, and tells what came of it.
pub(super) fn carry_out(args: &LakeArgs, request: &Request) -> Outcome {
    args.place()?;
    let started = Instant::now();
    loop {
        match args.try_open() {
            Err(LakeError::Locked(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(lake) => {
                let lake = Arc::new(lake);
                // A hold need not wait for a merge that is done by hand.
                let control = Control::serve(&lake, Policy::default());
                let answer = lake.carry_out(request, Policy::default())?;
                tell(&answer);
                drop(control);
                if let Some(trouble) = lake.close() {
                    terminal::note(&format!(
                        "warning: the records of this are durable, but not in tables yet: {trouble}"
                    ));
                }
                return Ok(ExitCode::SUCCESS);
            }
        }
        match sekisho_lake::ask(args.folder(), request) {
            Err(LakeError::Deaf(_)) if started.elapsed() < DEAF_TIMEOUT => std::thread::sleep(DEAF_POLL),
            Err(error) => return Err(error.into()),
            Ok(answer) => {
                tell(&answer);
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

fn tell(answer: &Answer) {
    match answer {
        Answer::Held(held) => {
            let sealed =
                if held.is_sealed { "is sealed" } else { "is durable; it will be sealed with those before it" };
            terminal::note(&format!("deletions are stopped; record {} says so, and {sealed}", held.record));
        }
        Answer::Released { record: Some(record) } => {
            terminal::note(&format!("the hold has ended; record {record} says so, and is sealed"));
        }
        Answer::Released { record: None } => terminal::note("there is no hold"),
        Answer::Compacted { files } => terminal::note(&format!("{files} files made of smaller ones")),
        Answer::Retained(retained) => {
            if retained.moved > 0 {
                terminal::note(&format!("{} files moved", retained.moved));
            }
            if retained.held.is_none() || retained.deleted > 0 {
                let (deleted, records) = (retained.deleted, retained.records);
                terminal::note(&format!("{deleted} files with {records} records deleted"));
            }
            if let Some(why) = &retained.held {
                terminal::note(&format!("nothing is deleted while a hold stands: {why}"));
            }
        }
    }
}
