//! The shop with nothing in front of it: honest customers are served, and every hole is really there.

use std::collections::HashSet;
use std::net::SocketAddr;

use sekisho_shop::attacks::{self, Family};
use sekisho_shop::demo::{self, Actor, Outcome, Pace};
use sekisho_shop::{Expect, Loopback, PRODUCTS, Shop, Visitor, session};

/// Opens a shop and runs `test` against it.
fn with_shop<F: Future>(test: impl FnOnce(Loopback) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, shop) = Shop::bind(any_port).expect("the shop opens on a free port");
        let shop = tokio::spawn(shop);
        let output = test(Loopback::new(address).expect("the shop is on loopback")).await;
        shop.abort();
        output
    })
}

#[test]
fn the_shop_refuses_to_leave_the_machine() {
    let Err(error) = Shop::bind("0.0.0.0:0".parse().unwrap()) else { panic!("the shop took a public address") };
    assert!(error.to_string().contains("0.0.0.0:0 is not a loopback address"), "{error}");
}

#[test]
fn the_legitimate_session_passes_whole() {
    let steps = with_shop(async |base| {
        let mut visitor = Visitor::new(base);
        let steps = session::whole(base);
        for step in &steps {
            let reply = visitor.send(&step.request).await.unwrap();
            let body = String::from_utf8_lossy(&reply.body);
            assert!(step.expect.is_met_by(&reply), "{}: {:?}\n{body}", step.title, reply.status);
        }
        steps
    });
    let searched: HashSet<_> = steps.iter().map(|step| step.request.target().to_owned()).collect();
    assert!(searched.len() > 2 * PRODUCTS.len());
}

#[test]
fn paying_needs_a_login_and_a_card() {
    with_shop(async |base| {
        let mut visitor = Visitor::new(base);
        let payment = &session::pay(base)[0];
        assert_eq!(visitor.send(&payment.request).await.unwrap().status, Some(401));
        for step in session::log_in(base, session::customer("taro")) {
            visitor.send(&step.request).await.unwrap();
        }
        assert_eq!(visitor.send(&payment.request).await.unwrap().status, Some(200));
        let document = serde_json::json!({ "product": 1, "quantity": 1, "card": { "number": "4242424242424241" } });
        let misprint = sekisho_shop::Request::json(base, "/api/pay", &document);
        assert_eq!(visitor.send(&misprint).await.unwrap().status, Some(422));
    });
}

#[test]
fn every_attack_with_loot_carries_it_off() {
    with_shop(async |base| {
        let mut carried_off = HashSet::new();
        for attack in attacks::all(base) {
            let reply = Visitor::new(base).send(&attack.step.request).await.unwrap();
            if let Some(loot) = &attack.loot {
                let body = String::from_utf8_lossy(&reply.body);
                assert!(loot.is_in(&reply), "{}: {:?}\n{body}", attack.step.title, reply.status);
                assert!(!attack.is_stopped_by(&reply), "{}", attack.step.title);
                carried_off.insert(attack.family);
            }
            if attack.step.expect == Expect::Blocked {
                assert_ne!(reply.status, Some(403), "{}: the shop itself never answers 403", attack.step.title);
            }
        }
        let open = [Family::SqlInjection, Family::CrossSiteScripting, Family::FileAndFetch];
        assert_eq!(carried_off, HashSet::from(open));
    });
}

#[test]
fn the_play_tells_every_turn_and_judges_an_unguarded_shop() {
    with_shop(async |base| {
        let mut turns = Vec::new();
        let review = demo::play(base, Pace { rest_ms: 0, rounds: 2 }, |turn| turns.push(turn.clone())).await;
        assert_eq!(review.customers_turned_away, 0);
        assert!(review.attacks_through >= 20 && !review.is_perfect(), "{review:?}");
        let attacks = turns.iter().filter(|turn| turn.actor.is_attacker()).count();
        assert_eq!(attacks, 2 * attacks::all(base).len());
        assert!(turns.iter().any(|turn| turn.actor == Actor::Customer("Alice") && turn.met));
        assert!(turns.iter().all(|turn| turn.target.chars().count() < 100 && !turn.target.contains('\n')));
    });
}

#[test]
fn the_play_reports_a_door_nobody_opens() {
    let (address, shop) = Shop::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    drop(shop);
    let base = Loopback::new(address).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut failed = 0_u64;
    let review = runtime.block_on(demo::play(base, Pace { rest_ms: 0, rounds: 1 }, |turn| {
        failed += u64::from(matches!(&turn.outcome, Outcome::Failed(why) if why.starts_with("failed to connect")));
    }));
    assert_eq!(failed, review.customers_turned_away + review.attacks_through);
    assert_eq!(review.customers_served + review.attacks_stopped, 0);
}
