//! GUARANTEES.md names tests that exist, at least one for each promise.

use super::{File, Findings, repository};

/// A test's name as the document writes it: modules and the function, joined by `::`, in backticks.
pub fn unproven(files: &[File]) -> Findings {
    let mut found = Vec::new();
    let documents = files.iter().filter(|file| file.path == "GUARANTEES.md");
    for document in documents {
        let sources = repository();
        for section in document
            .text
            .split("\n## ")
            .skip(usize::from(!document.text.starts_with("## ")))
        {
            let title = section
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("## ");
            if !title.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let names = names_in(section);
            if names.is_empty() {
                found.push(format!("promise {title:?} names no test"));
            }
            for name in names.iter().filter(|name| !exists(name, &sources)) {
                found.push(format!("promise {title:?} names {name}, which is no test"));
            }
        }
    }
    found
}

fn names_in(section: &str) -> Vec<&str> {
    let quoted = section.split('`').skip(1).step_by(2);
    let is_name = |text: &&str| {
        text.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c))
    };
    quoted.filter(is_name).collect()
}

/// Whether a function of that name is in a file whose path has all the modules named, and is run as a test.
fn exists(name: &str, sources: &[File]) -> bool {
    let mut modules: Vec<&str> = name.split("::").collect();
    let Some(function) = modules.pop() else {
        return false;
    };
    let is_listed = sources.iter().any(|file| is_listed(function, &file.text));
    sources.iter().filter(|file| file.is_rust()).any(|file| {
        let parts: Vec<&str> = file.path.split(['/', '.']).collect();
        let at = file.text.find(&format!("fn {function}("));
        modules.iter().all(|module| parts.contains(module))
            && at.is_some_and(|at| is_listed || has_test_attribute(&file.text[..at]))
    })
}

/// Whether the last lines of a text, those above a function, have a test's attribute.
fn has_test_attribute(above: &str) -> bool {
    let lines = above.lines().rev().take(4).map(str::trim);
    lines
        .take_while(|line| *line != "}")
        .any(|line| line.starts_with("#[") && line.contains("test"))
}

/// Whether a function is given to one of the macros that make tests of what they are given.
fn is_listed(function: &str, text: &str) -> bool {
    [("on_both_storages!(", ')'), ("port_suite! {", '}')]
        .iter()
        .any(|(start, end)| {
            let lists = text
                .split(start)
                .skip(1)
                .filter_map(|rest| rest.split(*end).next());
            lists
                .flat_map(|list| list.split([' ', ',', '\n']))
                .any(|word| word == function)
        })
}
