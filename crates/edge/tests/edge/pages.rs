//! Static pages: what is in the directory, and nothing else.

use std::path::Path;

use sekisho_edge::settings::Target;

use crate::support::{Raw, Setup, TestEdge, block_query, get, route, status_of};

fn serve(folder: &Path) -> TestEdge {
    let root = folder.join("site");
    std::fs::create_dir_all(root.join("docs")).unwrap();
    std::fs::create_dir_all(root.join(".git")).unwrap();
    std::fs::write(folder.join("secret.txt"), "secret").unwrap();
    std::fs::write(root.join("index.html"), "<p>home").unwrap();
    std::fs::write(root.join("docs/index.html"), "<p>docs").unwrap();
    std::fs::write(root.join("日本 語.txt"), "text").unwrap();
    std::fs::write(root.join(".git/config"), "secret").unwrap();
    std::fs::write(root.join("large.bin"), vec![b'x'; 1_000_000]).unwrap();
    std::os::unix::fs::symlink(folder.join("secret.txt"), root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(root.join(".git/config"), root.join("hidden.txt")).unwrap();
    std::os::unix::fs::symlink(root.join("index.html"), root.join("home.html")).unwrap();
    let mut setup = Setup::to(&[]).rules(block_query());
    setup.settings.routes = vec![route("*", "/pay", Target::Pages { directory: root })];
    setup.start()
}

#[test]
fn files_are_served_with_type_and_validators() {
    let folder = tempfile::tempdir().unwrap();
    let edge = serve(folder.path());
    let page = get(edge.address(), "/pay/");
    assert_eq!(
        (page.status, page.text(), page.field("content-type")),
        (200, "<p>home", Some("text/html; charset=utf-8"))
    );
    assert_eq!(get(edge.address(), "/pay").text(), "<p>home");
    assert_eq!(get(edge.address(), "/pay/home.html").text(), "<p>home");
    assert_eq!(get(edge.address(), "/pay/%E6%97%A5%E6%9C%AC%20%E8%AA%9E.txt").text(), "text");
    assert_eq!(get(edge.address(), "/pay/large.bin").body.len(), 1_000_000);
    let moved = get(edge.address(), "/pay/docs?x=y");
    assert_eq!((moved.status, moved.field("location")), (308, Some("/pay/docs/?x=y")));

    let mut raw = Raw::connect(edge.address());
    for (field, name) in [("if-none-match", "etag"), ("if-modified-since", "last-modified")] {
        let value = page.field(name).unwrap();
        raw.send(format!("GET /pay/ HTTP/1.1\r\nhost: a\r\n{field}: {value}\r\n\r\n"));
        assert_eq!(raw.response().unwrap().status, 304, "{field}");
    }
    raw.send("HEAD /pay/large.bin HTTP/1.1\r\nhost: a\r\n\r\n");
    let head = raw.response_to("HEAD").unwrap();
    assert_eq!((head.status, head.field("content-length")), (200, Some("1000000")));
    raw.send("POST /pay/ HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 405);
}

#[test]
fn nothing_else_is_reachable() {
    let folder = tempfile::tempdir().unwrap();
    let edge = serve(folder.path());
    for path in [
        "/pay/../secret.txt",
        "/pay/%2e%2e/secret.txt",
        "/pay/docs/../../secret.txt",
        "/pay/..%2fsecret.txt",
        "/pay/..%5csecret.txt",
        "/pay//etc/passwd",
        "/pay/link.txt",
        "/pay/hidden.txt",
        "/pay/.git/config",
        "/pay/index.html/",
        "/pay/index.html%00.txt",
        "/pay/none",
        "/paying",
    ] {
        let response = get(edge.address(), path);
        assert_eq!((response.status, response.text().contains("secret")), (404, false), "{path}");
    }
}

#[test]
fn pages_are_inspected_like_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    let edge = serve(folder.path());
    assert_eq!(status_of(edge.address(), "GET /pay/?attack HTTP/1.1\r\nhost: a\r\n\r\n"), Some(403));
}
