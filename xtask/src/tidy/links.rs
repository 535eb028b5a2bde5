//! Links between the documents lead somewhere. Links out of the repository are not followed.

use super::finding::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.under("", ".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (index, line) in text.lines().enumerate() {
            for target in targets(line) {
                let there = resolve(folder, target);
                if there.as_deref().is_none_or(|there| !there.is_empty() && !tree.has(there)) {
                    let message = format!("a link to `{target}`, which is not there");
                    findings.push(Finding::new(
                        path,
                        index + 1,
                        message,
                        "links are relative to the file they stand in",
                    ));
                }
            }
        }
    }
    findings
}

/// The link targets of a line that are files of the repository, without their fragment.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    local.map(|target| target.split_once('#').map_or(target, |(file, _)| file)).filter(|file| !file.is_empty())
}

/// The path of `target` as seen from `folder`; none if it leaves the repository.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

pub(super) fn broken() -> Tree {
    Tree::sample(&[("docs/a.md", "[b](b.md)\n[c](../../c.md)\n"), ("b.md", "")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found_in_their_line() {
        assert_eq!(check(&broken()).iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn live_and_foreign_links_pass() {
        let text = "[b](../b.md#part), [folder](../docs), [here](#part), [out](https://example.com/x)";
        assert_eq!(check(&Tree::sample(&[("docs/a.md", text), ("b.md", "")])), []);
    }
}
