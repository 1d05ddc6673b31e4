//! Layers, faults and the typed result, seen from outside.

use std::path::{Path, PathBuf};

use graphy_store::RedisConfig;

use super::{Layers, NodeRole, Settings, SettingsError, Source, explain};

fn layers(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Layers {
    let mut environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    environment.push(("HOME".to_owned(), "/home/ann".to_owned()));
    Layers {
        file: (!file.is_empty()).then(|| (PathBuf::from("graphy.toml"), file.to_owned())),
        environment,
        flags: flags
            .iter()
            .map(|(key, value)| (*key, Some((*value).to_owned())))
            .collect(),
    }
}

fn settings(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Settings, SettingsError> {
    Settings::from_resolved(&layers(file, environment, flags).resolve()?)
}

fn fault(file: &str, environment: &[(&str, &str)]) -> String {
    settings(file, environment, &[]).unwrap_err().to_string()
}

fn redis_url(settings: &Settings) -> String {
    match &settings.redis {
        RedisConfig::Private(private) => format!("private in {}", private.data_dir.display()),
        RedisConfig::Url(url) => url.expose().to_owned(),
    }
}

#[test]
fn without_anything_there_are_defaults() {
    let settings = settings("", &[], &[]).unwrap();
    assert_eq!(settings.environment, "local");
    assert_eq!(settings.role, NodeRole::All);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:0");
    assert_eq!(
        settings.data_dir,
        Path::new("/home/ann/.local/share/graphy")
    );
    assert_eq!(
        redis_url(&settings),
        "private in /home/ann/.local/share/graphy"
    );
    assert_eq!(settings.limits, graphy_model::Limits::default());
    assert!(settings.target.is_none());
}

#[test]
fn later_layers_win() {
    let file = "environment = \"file\"\nlisten = \"127.0.0.1:1\"\n[worker]\nconcurrency = 3\n";
    let environment = [
        ("GRAPHY_ENVIRONMENT", "variable"),
        ("GRAPHY_LISTEN", "127.0.0.1:2"),
    ];
    let settings = settings(file, &environment, &[("listen", "127.0.0.1:3")]).unwrap();
    assert_eq!(settings.environment, "variable");
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.worker_concurrency, 3);
}

#[test]
fn the_first_products_names_are_understood() {
    let url = settings(
        "",
        &[
            ("REDIS_URL", "redis://redis:6379"),
            ("WORKER_TYPE", "commands"),
        ],
        &[],
    );
    let url = url.unwrap();
    assert_eq!(
        (redis_url(&url).as_str(), url.role),
        ("redis://redis:6379", NodeRole::Worker)
    );
    let parts = [
        ("REDIS_HOST", "localhost"),
        ("REDIS_PORT", "6400"),
        ("REDIS_PASSWORD", "p w"),
        ("REDIS_DB", "3"),
    ];
    assert_eq!(
        redis_url(&settings("", &parts, &[]).unwrap()),
        "redis://:p%20w@localhost:6400/3"
    );
    // Our own name goes before the older one.
    let both = [
        ("REDIS_URL", "redis://old"),
        ("GRAPHY_REDIS_URL", "redis://new"),
    ];
    assert_eq!(redis_url(&settings("", &both, &[]).unwrap()), "redis://new");
    // Other products' variables are none of our business.
    assert!(
        settings(
            "",
            &[("REDIS_CLUSTER_NODES", "a:1"), ("REDIS_MAX_RETRIES", "3")],
            &[]
        )
        .is_ok()
    );
}

#[test]
fn a_url_and_a_host_are_settled_by_their_layers() {
    let environment = [("REDIS_HOST", "h"), ("REDIS_URL", "redis://u")];
    assert_eq!(
        redis_url(&settings("", &environment, &[]).unwrap()),
        "redis://u"
    );
    let file = "[redis]\nurl = \"redis://file\"\n";
    assert_eq!(
        redis_url(&settings(file, &[("REDIS_HOST", "h")], &[]).unwrap()),
        "redis://h:6379/0"
    );
    let private = settings(
        "",
        &environment,
        &[("redis.url", "private"), ("data_dir", "/d")],
    );
    assert_eq!(redis_url(&private.unwrap()), "private in /d");
}

#[test]
fn unknown_names_are_refused_with_what_was_meant() {
    assert_eq!(
        fault("[redis]\nulr = \"x\"\n", &[]),
        "graphy.toml: there is no setting \"redis.ulr\"; did you mean redis.url?"
    );
    assert_eq!(
        fault("", &[("GRAPHY_LISTN", "x")]),
        "there is no variable GRAPHY_LISTN; did you mean GRAPHY_LISTEN?; \
         `graphy config explain` lists all"
    );
    assert!(
        settings(
            "",
            &[("GRAPHY_CONFIG", "x"), ("GRAPHY_TEST_SEED", "1")],
            &[]
        )
        .is_ok()
    );
}

#[test]
fn wrong_values_name_their_key_their_origin_and_all_of_them_at_once() {
    let file = "listen = \"here\"\nrole = \"boss\"\n[worker]\nconcurrency = 0\n";
    let error = settings(file, &[("REDIS_PORT", "99999")], &[]).unwrap_err();
    let text = error.to_string();
    for expected in [
        "listen from graphy.toml: \"here\" is not an IP address with a port",
        "role from graphy.toml: \"boss\" is not one of all, api, worker",
        "worker.concurrency from graphy.toml: \"0\" is not a whole number from 1 to 1024",
        "redis.port from the variable REDIS_PORT: \"99999\" is not a whole number from 1 to 65535",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(error.faults.len(), 4);
    assert_eq!(
        fault("listen = [1]\n", &[]),
        "listen from graphy.toml: a text or a number is expected, found array"
    );
    assert!(fault("a = 1\nb = = 2\n", &[]).starts_with("graphy.toml, line 2: "));
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    assert!(fault("", &[("REDIS_PASSWORD", "x")]).contains("needs redis.host"));
    assert!(fault("", &[("GRAPHY_URL", "http://h:1")]).contains("no token"));
}

#[test]
fn traces_go_to_an_address_without_secrets() {
    assert_eq!(settings("", &[], &[]).unwrap().traces, None);
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector/otlp")];
    let file = "[otel]\nsample_ratio = 0.25\n";
    let traces = settings(file, &environment, &[]).unwrap().traces.unwrap();
    assert_eq!(traces.endpoint, "https://collector/otlp".parse().unwrap());
    assert_eq!(
        (traces.sample_ratio, &*traces.service_name),
        (0.25, "graphy")
    );
    assert_eq!(
        fault("[otel]\nsample_ratio = 2\n", &[]),
        "otel.sample_ratio from graphy.toml: \"2\" is not a number from 0 to 1"
    );
    assert_eq!(
        fault("", &[("GRAPHY_OTEL_ENDPOINT", "localhost:4318")]),
        "otel.endpoint from the variable GRAPHY_OTEL_ENDPOINT: a collector has an address like \
         http://host:4318 or https://host/path"
    );
    let secret = [("GRAPHY_OTEL_ENDPOINT", "http://ann:s3cret@host:4318")];
    assert!(!fault("", &secret).contains("s3cret"));
    let explained = explain(&layers("", &secret, &[]).resolve().unwrap());
    assert!(!format!("{explained:?}").contains("s3cret"));
}

#[test]
fn an_explanation_names_origins_and_hides_secrets() {
    let environment = [
        ("GRAPHY_TOKEN", "s3cret"),
        ("REDIS_URL", "redis://ann:s3cret@h"),
        ("GRAPHY_ENVIRONMENT", "variable"),
    ];
    let resolved = layers("environment = \"file\"", &environment, &[])
        .resolve()
        .unwrap();
    let explained = explain(&resolved);
    assert!(!format!("{explained:?}").contains("s3cret"));
    let environment = &explained[0];
    assert_eq!(environment.value.as_deref(), Some("variable"));
    assert_eq!(environment.source, "the variable GRAPHY_ENVIRONMENT");
    assert_eq!(environment.hidden, ["graphy.toml"]);
    assert_eq!(resolved.get("role").source, Source::Default);
}
