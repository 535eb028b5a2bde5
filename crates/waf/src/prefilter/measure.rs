
use super::*;
use serde_json::Value;
use std::time::Instant;

fn parse(pattern: &str) -> regex_syntax::hir::Hir {
    let p = pattern.replace("\\x{bc}", "\\xbc").replace("\\x{be}", "\\xbe").replace("\\x{ff}", "\\xff").replace("\\x{c2}", "\\xc2").replace("\\x{b4}", "\\xb4").replace("\\x{e2}", "\\xe2");
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).multi_line(true).build().parse(&p).unwrap_or_else(|e| panic!("{pattern}: {e}"))
}

#[test]
#[ignore]
fn measure() {
    let crs: Vec<Value> = serde_json::from_str(&std::fs::read_to_string("/tmp/crs.json").unwrap()).unwrap();
    let norm: Vec<String> = serde_json::from_str(&std::fs::read_to_string("/tmp/norm.json").unwrap()).unwrap();
    let attack: Vec<String> = serde_json::from_str(&std::fs::read_to_string("/tmp/attack.json").unwrap()).unwrap();
    let hirs: Vec<_> = crs.iter().filter(|r| r["op"] == "rx" && r["neg"] == false && r["targets"].as_array().unwrap().iter().any(|t| t == "ARGS")).map(|r| parse(r["arg"].as_str().unwrap())).collect();
    let erasable = erasable(hirs.iter());
    for set in &erasable { eprintln!("erasable {:?}", String::from_utf8_lossy(&set.bytes().collect::<Vec<_>>())); }
    let mut conditions = Vec::new();
    let mut rules = Vec::new();
    let mut compile = std::time::Duration::ZERO;
    for rule in &crs {
        let targets: Vec<&str> = rule["targets"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
        if !targets.iter().any(|t| *t == "ARGS") || rule["neg"] == true { continue }
        let arg = rule["arg"].as_str().unwrap();
        match rule["op"].as_str().unwrap() {
            "rx" => {
                let hir = parse(arg);
                let start = Instant::now();
                let lowered = rule["tr"].as_array().unwrap().last().is_some_and(|t| t == "lowercase") && std::env::var("LOWER").is_ok();
                let condition = Condition::of(&hir, lowered, &erasable);
                let took = start.elapsed();
                compile += took;
                let share = condition.program.share();
                eprintln!("{} view {} absent {:?}", rule["id"], erasable.iter().position(|s| *s == condition.lens.erased).map_or(0, |i| i + 1), String::from_utf8_lossy(&condition.lens.absent.bytes().collect::<Vec<_>>()));
                conditions.push(condition);
                let pattern = arg.replace("\\x{bc}", "\\xbc").replace("\\x{be}", "\\xbe").replace("\\x{ff}", "\\xff").replace("\\x{c2}", "\\xc2").replace("\\x{b4}", "\\xb4").replace("\\x{e2}", "\\xe2");
                let re = regex_automata::meta::Regex::builder().syntax(regex_automata::util::syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true).multi_line(true)).configure(regex_automata::meta::Config::new().utf8_empty(false)).build(&pattern).unwrap();
                rules.push((rule, share, took, Some(re)));
            }
            "pm" => {
                let grams: Vec<Gram> = arg.lines().map(|l| Gram::folded(l.as_bytes())).collect();
                let program = Program::clause(grams);
                let share = program.share();
                conditions.push(Condition::plain(program, 0));
                rules.push((rule, share, Default::default(), None));
            }
            _ => continue,
        }
    }
    let start = Instant::now();
    let n = rules.len();
    let filter = Filter::new(&conditions);
    eprintln!("{} rules, extract {compile:?}, build {:?}, {}", n, start.elapsed(), filter.figures());
    let mut memory = FilterMemory::default();
    let mut answer = vec![0; filter.words()];
    for (name, values) in [("norm", &norm), ("attack", &attack)] { if std::env::var("ONLY").is_ok_and(|o| o != name) { continue }
        let mut hits = vec![0usize; n];
        let bytes: usize = values.iter().map(String::len).sum();
        let rounds = std::env::var("ROUNDS").map_or(1, |r| r.parse().unwrap());
        let start = Instant::now();
        for _ in 0..rounds { for value in values {
            filter.ask(value.as_bytes(), Present::in_text(value.as_bytes()), &mut memory, &mut answer);
        } }
        let took = start.elapsed() / rounds;
        filter.busiest(values);
        let mut matches = vec![0usize; n];
        for value in values.iter() {
            filter.ask(value.as_bytes(), Present::in_text(value.as_bytes()), &mut memory, &mut answer);
            for at in 0..n { 
                let hit = answer[at / 64] >> (at % 64) & 1 != 0;
                if hit { hits[at] += 1; }
                if let Some(re) = &rules[at].3 { if hit || name == "attack" { if re.is_match(value.as_bytes()) { matches[at] += 1; if !hit { eprintln!("UNSOUND {} {value:?}", rules[at].0["id"]); } } } }
            }
        }
        for max in [1, 4] {
            let chosen: Vec<usize> = (0..n).filter(|at| rules[*at].0["pl"].as_u64().unwrap() <= max).collect();
            let total: usize = chosen.iter().map(|at| hits[*at]).sum();
            eprintln!("{name} PL{max}: {} rules, {:.3} % of pairs", chosen.len(), total as f64 * 100.0 / (chosen.len() * values.len()) as f64);
        }
        eprintln!("{name}: {} values, {} bytes, {:.1} ns/value {:.2} ns/byte", values.len(), bytes, took.as_nanos() as f64 / values.len() as f64, took.as_nanos() as f64 / bytes as f64);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|at| std::cmp::Reverse(hits[*at]));
        for at in order.into_iter().take(45) {
            let (rule, share, took, _) = &rules[at];
            eprintln!("  {} PL{} {} hits {} ({:.2} %) matches {} share {:.5} {:?} {}", rule["id"], rule["pl"], rule["op"], hits[at], hits[at] as f64 * 100.0 / values.len() as f64, matches[at], share, took, rule["arg"].as_str().unwrap().chars().take(100).collect::<String>().escape_debug());
        }
    }
}
