//! The rules that ship with Sekisho, embedded.
use include_dir::{Dir, include_dir};
use ipnet::IpNet;
use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf_lang::aws::{GroupFiles, ManagedCatalogue, NamedSets, load_managed_group};
static WAF: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/waf");
/// x
pub struct Lists {
    /// x
    pub allow: Vec<IpNet>,
    /// x
    pub reputation: Vec<IpNet>,
}
/// x
pub struct Starter {
    /// x
    pub acl: SourceFile,
    /// x
    pub resources: Vec<SourceFile>,
}
fn src(p: &str) -> SourceFile {
    SourceFile::new(p, WAF.get_file(p).unwrap().contents_utf8().unwrap())
}
/// x
pub fn starter(_: &Lists) -> Starter {
    Starter { acl: src("starter-acl.json"), resources: vec![src("starter-allow-list.json")] }
}
/// x
pub fn catalogue(lists: &Lists) -> Result<ManagedCatalogue, Diagnostics> {
    let mut d = Diagnostics::new();
    let mut sets = NamedSets::new();
    for f in WAF.get_dir("pattern-sets").unwrap().files() {
        d.extend(sets.add_pattern_file(&src(f.path().to_str().unwrap())));
    }
    for l in ["sekisho:list/ip-reputation", "sekisho:list/ip-reconnaissance", "sekisho:list/ip-ddos"] {
        sets.add_addresses(l, lists.reputation.clone());
    }
    let mut c = ManagedCatalogue::new();
    for g in WAF.get_dir("managed").unwrap().dirs() {
        let mut rules = vec![];
        let mut group = None;
        for f in g.files() {
            let s = src(f.path().to_str().unwrap());
            if f.path().ends_with("group.yaml") { group = Some(s) } else { rules.push(s) }
        }
        let l = load_managed_group(&GroupFiles { group: &group.unwrap(), rules: &rules, sets: &sets });
        d.extend(l.diagnostics);
        if let Some(g) = l.group {
            c.add(g.group);
        }
    }
    if d.has_errors() { Err(d) } else { Ok(c) }
}
