//! The managed rule groups, read from their files.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf_lang::aws::{ContentGroup, GroupFiles, ManagedCatalogue, NamedSets, load_managed_group};

use crate::Lists;
use crate::embedded::{WAF, files_in};

/// The managed groups for the loader of web ACLs.
///
/// # Errors
///
/// None with the files as they ship: a test loads them all. A broken file yields every problem in it.
pub fn catalogue(lists: &Lists) -> Result<ManagedCatalogue, Diagnostics> {
    let mut catalogue = ManagedCatalogue::new();
    for group in groups(lists)? {
        catalogue.add(group.group);
    }
    Ok(catalogue)
}

/// The managed groups with what their files say to people and to tests, by name.
///
/// # Errors
///
/// As [`catalogue`].
pub fn groups(lists: &Lists) -> Result<Vec<ContentGroup>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let sets = named_sets(lists, &mut problems);
    let mut groups = Vec::new();
    for folder in group_folders() {
        let (header, rules): (Vec<SourceFile>, Vec<SourceFile>) =
            files_in(&folder).into_iter().partition(|file| file.name().ends_with("/group.yaml"));
        let header = header.first().expect("every group has its group.yaml: a test reads them all");
        let loaded = load_managed_group(&GroupFiles { group: header, rules: &rules, sets: &sets });
        problems.extend(loaded.diagnostics);
        groups.extend(loaded.group);
    }
    if problems.has_errors() { Err(problems) } else { Ok(groups) }
}

fn group_folders() -> Vec<String> {
    let managed = WAF.get_dir("managed").expect("the folder of managed groups is embedded");
    let mut folders: Vec<_> = managed.dirs().map(|folder| folder.path().display().to_string()).collect();
    folders.sort();
    folders
}

fn named_sets(lists: &Lists, problems: &mut Diagnostics) -> NamedSets {
    let mut sets = NamedSets::new();
    for file in files_in("pattern-sets") {
        problems.extend(sets.add_pattern_file(&file));
    }
    for (name, ranges) in lists.named() {
        sets.add_addresses(name, ranges.iter().copied());
    }
    sets
}
