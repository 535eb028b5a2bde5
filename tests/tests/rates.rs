//! Rate-based rules as an operator meets them: what is limited, shown by `sekisho rate-keys`; a fleet's store that is lost,
//! told of once.

use std::fs;
use std::net::TcpListener;

use sekisho_e2e::{Acl, Checkpoint, Client, Origin, Ran, sekisho};
use serde_json::{Value, json};

fn rate_keys(checkpoint: &Checkpoint, arguments: &[&str]) -> Ran {
    let admin = checkpoint.admin().expect("it has one").to_string();
    let arguments = ["rate-keys", "--admin", &admin].into_iter().chain(arguments.iter().copied());
    sekisho(checkpoint.folder(), arguments, b"").expect("the command runs to its end")
}

#[test]
fn what_is_limited_is_shown_to_people_and_to_programs() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    Acl::new("shop").rate(10).write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--acl", "acl.json"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let before = rate_keys(&checkpoint, &[]);
    assert!(before.stdout.contains("nothing is limited"), "{before:?}");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let statuses: Vec<_> = (0..12).map(|_| client.get("/").expect("a reply comes").status).collect();
    assert_eq!(statuses, [[200; 10].as_slice(), &[403; 2]].concat());
    let name = before.stdout.split(':').next().expect("the rule is named").to_owned();
    let after = rate_keys(&checkpoint, &[&name]);
    assert!(
        after.stdout.contains("1 key is limited") && after.stdout.contains("    127.0.0.1  12 requests"),
        "{after:?}"
    );
    let json: Value = serde_json::from_str(&rate_keys(&checkpoint, &[&name, "--json"]).stdout).expect("it is JSON");
    let expected = json!({ "IPAddressVersion": "IPV4", "Addresses": ["127.0.0.1/32"] });
    assert_eq!((&json["ManagedKeysIPV4"], &json["Rules"][0]["Keys"][0]["Count"]), (&expected, &json!(12)));
    let unknown = rate_keys(&checkpoint, &["other"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("no such rate-based rule"), "{unknown:?}");
}

#[test]
fn a_service_that_does_not_run_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let arguments = ["rate-keys".to_owned(), "--admin".to_owned(), free.to_string()];
    let ran = sekisho(folder.path(), arguments, b"").expect("the command runs to its end");
    assert!(ran.code == Some(1) && ran.stderr.contains("nothing listens at"), "{ran:?}");
}

#[test]
fn a_store_that_is_not_there_is_told_of_once_and_stops_nobody() {
    let origin = Origin::start().expect("a port is free");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    Acl::new("shop").rate(10).write(folder.path(), "acl.json").expect("the ACL is written");
    fs::write(folder.path().join("password"), "s3cret\n").expect("a file is written");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n[[upstream]]\nname = \"a\"\nservers = [\"{}\"]\n[[route]]\nupstream = \"a\"\n\
         [rules]\nacl = \"acl.json\"\n[admin]\naddress = \"127.0.0.1:0\"\n\
         [rates]\nstore = \"redis://{free}\"\npassword_file = \"password\"\n",
        origin.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run", "-c", "sekisho.toml"]).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let statuses: Vec<_> = (0..11).map(|_| client.get("/").expect("a reply comes").status).collect();
    assert_eq!((statuses[9], statuses[10]), (200, 403));
    let listed = rate_keys(&checkpoint, &[]).stdout;
    assert!(listed.starts_with("the fleet's store cannot be reached"), "{listed}");
    let ready = Client::get_once(checkpoint.admin().expect("it has one"), "/readyz").expect("a reply comes");
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\nrate store lost: counting alone\n"));
    let log = checkpoint.log();
    assert_eq!(log.matches("the rate store cannot be used").count(), 1, "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}
