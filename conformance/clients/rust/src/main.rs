//! The scenario of every client (../README.md) with kube-rs.
use std::{
    collections::BTreeMap,
    fmt::Debug,
    process::exit,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams},
    runtime::watcher,
    Client, Error,
};
use serde_json::{json, Value};

const COUNT: usize = 12;
const SELECTOR: &str = "client=rust";

static APPLIED: AtomicUsize = AtomicUsize::new(0);
static DELETED: AtomicUsize = AtomicUsize::new(0);

fn require(step: &str, fine: bool, got: impl Debug) {
    if !fine {
        println!("failed {step} {got:?}");
        exit(1);
    }
}

fn refused<T: Debug>(step: &str, code: u16, result: Result<T, Error>) {
    match result {
        Err(Error::Api(status)) => require(step, status.code == code, status),
        other => require(step, false, other),
    }
}

fn done(step: &str) {
    println!("ok {step}");
}

fn name(at: usize) -> String {
    format!("rust-{at:02}")
}

fn map(value: Value) -> ConfigMap {
    serde_json::from_value(value).expect("a ConfigMap")
}

fn body(at: usize) -> ConfigMap {
    map(json!({"metadata": {"name": name(at), "labels": {"client": "rust"}}, "data": {"a": "1"}}))
}

async fn create(maps: &Api<ConfigMap>) -> Result<(), Error> {
    let options = PostParams::default();
    for at in 0..COUNT {
        let made = maps.create(&options, &body(at)).await?;
        require("create", made.metadata.uid.is_some(), &made);
    }
    refused("create", 409, maps.create(&options, &body(0)).await);
    refused("create", 422, maps.create(&options, &map(json!({"metadata": {"name": "Not Valid"}}))).await);
    done("create");
    Ok(())
}

async fn patch(maps: &Api<ConfigMap>) -> Result<(), Error> {
    let options = PatchParams::default();
    let operations = serde_json::from_value(json!([{"op": "add", "path": "/data/json", "value": "x"}])).expect("a patch");
    maps.patch(&name(0), &options, &Patch::<ConfigMap>::Json(operations)).await?;
    maps.patch(&name(0), &options, &Patch::Merge(json!({"data": {"merge": "x"}}))).await?;
    maps.patch(&name(0), &options, &Patch::Strategic(json!({"data": {"strategic": "x"}}))).await?;
    let got = maps.get(&name(0)).await?;
    let data: BTreeMap<String, String> = got.data.clone().unwrap_or_default();
    require("patch", data.len() == 4, &data);
    let mut wanted = got.clone();
    wanted.data.get_or_insert_default().insert("update".into(), "x".into());
    maps.replace(&name(0), &PostParams::default(), &wanted).await?;
    refused("patch", 409, maps.replace(&name(0), &PostParams::default(), &got).await);
    done("patch");
    Ok(())
}

async fn apply(maps: &Api<ConfigMap>) -> Result<(), Error> {
    let wanted = |value: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "rust-applied", "labels": {"client": "rust"}}, "data": {"a": value},
        }))
    };
    maps.patch("rust-applied", &PatchParams::apply("one"), &wanted("1")).await?;
    refused("apply", 409, maps.patch("rust-applied", &PatchParams::apply("two"), &wanted("2")).await);
    let got = maps.patch("rust-applied", &PatchParams::apply("two").force(), &wanted("2")).await?;
    let managers = got.metadata.managed_fields.as_ref().map_or(0, Vec::len);
    require("apply", managers == 2, &got.metadata.managed_fields);
    done("apply");
    Ok(())
}

async fn pages(maps: &Api<ConfigMap>) -> Result<(), Error> {
    let mut options = ListParams::default().labels(SELECTOR).limit(5);
    let (mut found, mut count) = (0, 0);
    loop {
        let page = maps.list(&options).await?;
        found += page.items.len();
        count += 1;
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => options = options.continue_token(&token),
            None => break,
        }
    }
    require("pages", (found, count) == (COUNT + 1, 3), (found, count));
    done("pages");
    Ok(())
}

async fn remove(maps: &Api<ConfigMap>) -> Result<(), Error> {
    maps.delete(&name(0), &DeleteParams::default()).await?;
    refused("delete", 404, maps.get(&name(0)).await);
    let selected = ListParams::default().labels(SELECTOR);
    maps.delete_collection(&DeleteParams::default(), &selected).await?;
    let left = maps.list(&selected).await?.items;
    require("delete", left.is_empty(), left.len());
    done("delete");
    Ok(())
}

/// Lists (or streams) what there is, then follows; `streaming` begins with sendInitialEvents.
async fn follow(maps: Api<ConfigMap>, streaming: bool) {
    let config = watcher::Config::default().labels(SELECTOR);
    let config = if streaming { config.streaming_lists() } else { config };
    let stream = watcher(maps, config).try_for_each(|event| async move {
        match event {
            watcher::Event::Apply(_) | watcher::Event::InitApply(_) => APPLIED.fetch_add(1, Ordering::SeqCst),
            watcher::Event::Delete(_) => DELETED.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        Ok(())
    });
    if let Err(error) = stream.await {
        require("watch", false, error);
    }
}

async fn expect(step: &str, counter: &AtomicUsize, least: usize) {
    for _ in 0..400 {
        if counter.load(Ordering::SeqCst) >= least {
            return done(step);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    require(step, false, "not in 20 s");
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::try_default().await?;
    let namespace = std::env::var("NAMESPACE").expect("NAMESPACE");
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    tokio::spawn(follow(maps.clone(), false));
    tokio::spawn(follow(maps.clone(), true));
    tokio::time::sleep(Duration::from_millis(500)).await;
    create(&maps).await?;
    patch(&maps).await?;
    apply(&maps).await?;
    pages(&maps).await?;
    // Twice, as there are two watches.
    expect("watch", &APPLIED, 2 * (COUNT + 4)).await;
    remove(&maps).await?;
    expect("watch deletes", &DELETED, 2 * COUNT).await;
    Ok(())
}
