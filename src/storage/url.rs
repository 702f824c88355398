//! Which database a URL names, and how it is shown without its password.

use std::path::PathBuf;

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `sqlite://PATH`.
    Sqlite(PathBuf),
    /// `postgres://…`, as given.
    Postgres(String),
}

/// Reads a URL; `None` when it names neither engine.
#[must_use]
pub fn parse(url: &str) -> Option<Place> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        return (!path.is_empty()).then(|| Place::Sqlite(PathBuf::from(path)));
    }
    let postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    postgres.then(|| Place::Postgres(url.to_owned()))
}

/// The URL as it may be shown.
#[must_use]
pub fn masked(url: &str) -> String {
    const MASK: &str = "***";
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned();
    };
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, None), |(rest, query)| (rest, Some(query)));
    // A password may hold an @ or a slash that was not escaped: the last @ ends it.
    let rest = match rest.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
            None => format!("{login}@{host}"),
        },
        None => rest.to_owned(),
    };
    let query = query.map_or(String::new(), |query| {
        let shown = query.split('&').map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}={MASK}"),
            _ => pair.to_owned(),
        });
        format!("?{}", shown.collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_engine_or_nothing() {
        assert_eq!(
            parse("sqlite:///var/r.db"),
            Some(Place::Sqlite("/var/r.db".into()))
        );
        assert_eq!(
            parse("sqlite://data/r.db"),
            Some(Place::Sqlite("data/r.db".into()))
        );
        let postgres = "postgresql://u@h/d";
        assert_eq!(parse(postgres), Some(Place::Postgres(postgres.to_owned())));
        assert_eq!(parse("sqlite://"), None);
        assert_eq!(parse("mysql://h/d"), None);
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(masked("postgres://u:se:c@ret@h:1/d"), "postgres://u:***@h:1/d");
        assert_eq!(
            masked("postgres://u@h/d?password=x&a=b"),
            "postgres://u@h/d?password=***&a=b"
        );
        assert_eq!(masked("postgres://h/d"), "postgres://h/d");
        assert_eq!(masked("sqlite:///a@b"), "sqlite:///a@b");
    }
}
