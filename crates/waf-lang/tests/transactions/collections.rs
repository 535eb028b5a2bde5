//! Collections that outlive a transaction.
//!
//! Source: ModSecurity Reference Manual, "Persistent Storage"; libmodsecurity 3.0.9 behind nginx keeps them only where it
//! was built with LMDB.

use crate::site::{Sent, Site};

const COUNT: &str = r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.hits=+1"
    SecAction "id:2,phase:2,pass,nolog,setvar:tx.hits=%{ip.hits},setvar:tx.new=%{ip.IS_NEW},setvar:tx.key=%{ip.KEY},setvar:tx.updates=%{ip.UPDATE_COUNTER}"
"#;

#[test]
fn a_collection_is_there_in_the_next_transaction() {
    let mut site = Site::new(COUNT);
    for (hits, new) in [(1, 1), (2, 0), (3, 0)] {
        site.send(Sent::query(""));
        let expected = format!("hits={hits} new={new} key=192.0.2.7 updates={}", hits - 1);
        assert_eq!(site.tx(&["hits", "new", "key", "updates"]), expected);
    }
}

#[test]
fn a_collection_not_written_to_is_forgotten() {
    let mut site = Site::new(&format!("SecCollectionTimeout 60\n{COUNT}"));
    for (wait_s, hits) in [(0, 1), (59, 2), (59, 3), (60, 1)] {
        site.wait_s(wait_s);
        site.send(Sent::query(""));
        assert_eq!(site.tx(&["hits"]), format!("hits={hits}"));
    }
    let mut site = Site::new(&format!("{COUNT}SecAction \"id:3,phase:2,pass,nolog,setvar:ip.TIMEOUT=5\""));
    for (wait_s, hits) in [(0, 1), (4, 2), (5, 1)] {
        site.wait_s(wait_s);
        site.send(Sent::query(""));
        assert_eq!(site.tx(&["hits"]), format!("hits={hits}"));
    }
}

#[test]
fn a_variable_expires() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:session=s"
           SecRule SESSION:seen "@eq 1" "id:2,phase:1,pass,nolog,setvar:tx.a=seen,skip:1"
           SecAction "id:3,phase:1,pass,nolog,setvar:session.seen=1,expirevar:session.seen=10"
           SecRule &SESSION "@gt 0" "id:4,phase:2,pass,nolog,setvar:tx.b=%{MATCHED_VAR}""#,
    );
    for (wait_s, expected) in [(0, "a= b=1"), (9, "a=seen b=1"), (1, "a= b=1"), (5, "a=seen b=1")] {
        site.wait_s(wait_s);
        site.send(Sent::query(""));
        assert_eq!(site.tx(&["a", "b"]), expected, "after {wait_s} seconds");
    }
}

#[test]
fn a_score_goes_down_with_time() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},deprecatevar:ip.score=10/60"
           SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=%{ip.score}"
           SecRule ARGS:hit "@rx ." "id:3,phase:2,pass,nolog,setvar:ip.score=+25""#,
    );
    for (wait_s, query, expected) in
        [(0, "hit=1", "a="), (59, "", "a=25"), (1, "hit=1", "a=15"), (60, "hit=1", "a=30"), (600, "", "a=0")]
    {
        site.wait_s(wait_s);
        site.send(Sent::query(query));
        assert_eq!(site.tx(&["a"]), expected, "after {wait_s} seconds");
    }
}

#[test]
fn keys_and_kinds_are_apart() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:global=g,initcol:ip=%{ARGS.k},setvar:ip.n=+1,setvar:global.n=+1"
           SecAction "id:2,phase:2,pass,nolog,setvar:tx.a=%{ip.n},setvar:tx.b=%{global.n}""#,
    );
    for (query, expected) in [("k=1", "a=1 b=1"), ("k=2", "a=1 b=2"), ("k=1", "a=2 b=3")] {
        site.send(Sent::query(query));
        assert_eq!(site.tx(&["a", "b"]), expected);
    }
}

#[test]
fn sessions_and_users_have_identifiers() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,setsid:%{ARGS.s},setuid:anna"
           SecAction "id:2,phase:1,pass,nolog,setvar:session.n=+1,setvar:!session.gone"
           SecAction "id:3,phase:2,pass,nolog,setvar:tx.a=%{SESSIONID},setvar:tx.b=%{USERID},setvar:tx.c=%{session.n}"
           SecRule ARGS:end "@rx ." "id:4,phase:2,pass,nolog,setvar:!session.KEY""#,
    );
    for (query, expected) in [
        ("s=1", "a=1 b=anna c=1"),
        ("s=1", "a=1 b=anna c=2"),
        ("s=1&end=1", "a=1 b=anna c=3"),
        ("s=1", "a=1 b=anna c=1"),
    ] {
        site.send(Sent::query(query));
        assert_eq!(site.tx(&["a", "b", "c"]), expected, "{query}");
    }
}

#[test]
fn without_a_collection_nothing_is_kept() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,setvar:ip.n=+1"
           SecRule &IP:n "@eq 0" "id:2,phase:2,pass,nolog,setvar:tx.a=none""#,
    );
    site.send(Sent::query(""));
    assert_eq!(site.tx(&["a"]), "a=none");
}
