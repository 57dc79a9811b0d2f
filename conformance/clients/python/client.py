"""The scenario of every client (../README.md) with the package kubernetes."""

import os
import sys
import threading
import time

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

COUNT = 12
NAMESPACE = os.environ["NAMESPACE"]
SELECTOR = "client=python"


def require(step, fine, got=None):
    if not fine:
        print("failed", step, got)
        sys.exit(1)


def refused(step, status, call):
    try:
        call()
    except ApiException as error:
        require(step, error.status == status, error)
        return
    require(step, False, "was not refused")


def done(step):
    print("ok", step, flush=True)


def name(at):
    return f"python-{at:02d}"


def body(at):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name(at), labels={"client": "python"}), data={"a": "1"})


def create(core):
    for at in range(COUNT):
        require("create", core.create_namespaced_config_map(NAMESPACE, body(at)).metadata.uid)
    refused("create", 409, lambda: core.create_namespaced_config_map(NAMESPACE, body(0)))
    bad = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="Not Valid"))
    refused("create", 422, lambda: core.create_namespaced_config_map(NAMESPACE, bad))
    done("create")


def patch(core):
    patches = {
        "application/json-patch+json": [{"op": "add", "path": "/data/json", "value": "x"}],
        "application/merge-patch+json": {"data": {"merge": "x"}},
        "application/strategic-merge-patch+json": {"data": {"strategic": "x"}},
    }
    for kind, change in patches.items():
        core.patch_namespaced_config_map(name(0), NAMESPACE, change, _content_type=kind)
    got = core.read_namespaced_config_map(name(0), NAMESPACE)
    require("patch", len(got.data) == 4, got.data)
    got.data["update"] = "x"
    core.replace_namespaced_config_map(name(0), NAMESPACE, got)
    refused("patch", 409, lambda: core.replace_namespaced_config_map(name(0), NAMESPACE, got))
    done("patch")


def apply(core):
    def wanted(value):
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "python-applied", "labels": {"client": "python"}},
            "data": {"a": value},
        }

    def send(value, manager, **options):
        kind = "application/apply-patch+yaml"
        return core.patch_namespaced_config_map(
            "python-applied", NAMESPACE, wanted(value), field_manager=manager, _content_type=kind, **options
        )

    send("1", "one")
    refused("apply", 409, lambda: send("2", "two"))
    got = send("2", "two", force=True)
    require("apply", got.data["a"] == "2" and len(got.metadata.managed_fields) == 2, got.metadata.managed_fields)
    done("apply")


def pages(core):
    found, count, token = 0, 0, None
    while True:
        options = {"_continue": token} if token else {}
        page = core.list_namespaced_config_map(NAMESPACE, label_selector=SELECTOR, limit=5, **options)
        found, count, token = found + len(page.items), count + 1, page.metadata._continue
        if not token:
            break
    require("pages", (found, count) == (COUNT + 1, 3), (found, count))
    done("pages")


def follow(core, events):
    """Lists, then watches from there again and again, as an informer does."""
    version = core.list_namespaced_config_map(NAMESPACE, label_selector=SELECTOR).metadata.resource_version
    while True:
        stream = watch.Watch()
        options = {"label_selector": SELECTOR, "resource_version": version, "timeout_seconds": 2, "allow_watch_bookmarks": True}
        for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, **options):
            version = event["object"].metadata.resource_version
            events.append(event["type"])
        events.append("resync")


def expect(step, fine):
    end = time.time() + 20
    while not fine():
        require(step, time.time() < end, "not in 20 s")
        time.sleep(0.05)
    done(step)


def remove(core):
    core.delete_namespaced_config_map(name(0), NAMESPACE)
    refused("delete", 404, lambda: core.read_namespaced_config_map(name(0), NAMESPACE))
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector=SELECTOR)
    left = core.list_namespaced_config_map(NAMESPACE, label_selector=SELECTOR).items
    require("delete", left == [], left)
    done("delete")


def main():
    config.load_kube_config(os.environ["KUBECONFIG"])
    core = client.CoreV1Api()
    events = []
    threading.Thread(target=follow, args=(client.CoreV1Api(), events), daemon=True).start()
    time.sleep(0.5)
    create(core)
    patch(core)
    apply(core)
    pages(core)
    expect("watch", lambda: events.count("ADDED") >= COUNT and "MODIFIED" in events and "resync" in events)
    remove(core)
    expect("watch deletes", lambda: events.count("DELETED") >= COUNT)


main()
