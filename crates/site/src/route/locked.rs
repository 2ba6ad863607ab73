//! Adds the answer `database-busy` to the description of each operation. Knows no handler.

use utoipa::{
    IntoResponses as _, Modify,
    openapi::{Content, OpenApi, PathItem, RefOr, Response, example::Example, path::Operation},
};

use crate::answer::refusals::DatabaseBusy;

/// The only operation that reads no database.
const DESCRIBE: &str = "/api/openapi.json";
const STATUS: &str = "503";
const PROBLEM: &str = "application/problem+json";

/// Adds the answer to all operations.
pub(super) struct Locked;

impl Modify for Locked {
    fn modify(&self, document: &mut OpenApi) {
        let described = document.paths.paths.iter_mut().filter(|(path, _)| *path != DESCRIBE);
        for operation in described.flat_map(|(_, item)| operations(item)) {
            let Some(RefOr::T(locked)) = DatabaseBusy::responses().remove(STATUS) else { continue };
            let responses = &mut operation.responses.responses;
            match responses.get_mut(STATUS) {
                Some(RefOr::T(known)) => merge(known, locked),
                _ => _ = responses.insert(STATUS.to_owned(), RefOr::T(locked)),
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Merges `locked` into the known answer with the same status, because each status may have one description only. Each
/// example has the name of its problem.
fn merge(known: &mut Response, locked: Response) {
    known.description = format!("{} Or: {}", known.description, locked.description);
    known.headers.extend(locked.headers);
    let (Some(RefOr::T(known)), Some(RefOr::T(locked))) =
        (known.content.get_mut(PROBLEM), locked.content.get(PROBLEM).cloned())
    else {
        return;
    };
    for example in known.example.take().into_iter().chain(locked.example) {
        add_example(known, example);
    }
}

fn add_example(content: &mut Content, problem: serde_json::Value) {
    let name = problem["type"].as_str().unwrap_or_default().to_owned();
    let mut example = Example::new();
    example.value = Some(problem);
    content.examples.insert(name, RefOr::T(example));
}

#[cfg(test)]
mod tests {
    use super::super::openapi::document;

    #[test]
    fn every_operation_that_reads_the_database_describes_that_it_may_be_locked() {
        let document = serde_json::to_value(document(true, None)).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let answer = &operation["responses"]["503"];
                let text = answer["content"]["application/problem+json"].to_string();
                assert_eq!(text.contains("database-busy"), path != super::DESCRIBE, "{method} {path}: {answer}");
                assert_eq!(answer["headers"]["retry-after"].is_object(), path != super::DESCRIBE, "{method} {path}");
            }
        }
        let sign_in = &document["paths"]["/api/session"]["post"]["responses"]["503"];
        let examples = &sign_in["content"]["application/problem+json"]["examples"];
        assert_eq!(examples.as_object().unwrap().keys().collect::<Vec<_>>(), ["busy", "database-busy"]);
    }
}
