import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.informer.ResourceEventHandler;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.util.CallGeneratorParams;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.PatchUtils;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** The scenario of every client (../README.md) with client-java. */
public final class Client {
  private static final int COUNT = 12;
  private static final String SELECTOR = "client=java";
  private static final AtomicInteger added = new AtomicInteger();
  private static final AtomicInteger updated = new AtomicInteger();
  private static final AtomicInteger resynced = new AtomicInteger();
  private static final AtomicInteger deleted = new AtomicInteger();

  private final String namespace = System.getenv("NAMESPACE");
  private final ApiClient client;
  private final CoreV1Api core;

  private Client(ApiClient client) {
    this.client = client;
    this.core = new CoreV1Api(client);
  }

  interface Call {
    Object run() throws ApiException;
  }

  public static void main(String[] arguments) throws Exception {
    ApiClient client = Config.fromConfig(System.getenv("KUBECONFIG"));
    client.setReadTimeout(0);
    Client all = new Client(client);
    SharedInformerFactory factory = all.follow();
    all.create();
    all.patch();
    all.apply();
    all.pages();
    expect("watch", () -> added.get() >= COUNT && updated.get() > 0 && resynced.get() > 0);
    all.remove();
    expect("watch deletes", () -> deleted.get() >= COUNT);
    factory.stopAllRegisteredInformers();
    System.exit(0);
  }

  private static void require(String step, boolean fine, Object got) {
    if (fine) return;
    System.out.println("failed " + step + " " + got);
    System.exit(1);
  }

  private static void done(String step) {
    System.out.println("ok " + step);
  }

  private static void refused(String step, int code, Call call) {
    try {
      require(step, false, call.run());
    } catch (ApiException error) {
      require(step, error.getCode() == code, error.getCode() + " " + error.getResponseBody());
    }
  }

  private static void expect(String step, BooleanSupplier fine) throws InterruptedException {
    long end = System.currentTimeMillis() + 20_000;
    while (!fine.getAsBoolean()) {
      require(step, System.currentTimeMillis() < end, "not in 20 s");
      Thread.sleep(50);
    }
    done(step);
  }

  private static String name(int at) {
    return String.format("java-%02d", at);
  }

  private static V1ConfigMap body(int at) {
    V1ObjectMeta metadata = new V1ObjectMeta().name(name(at)).labels(Map.of("client", "java"));
    return new V1ConfigMap().metadata(metadata).data(Map.of("a", "1"));
  }

  private void create() throws ApiException {
    for (int at = 0; at < COUNT; at++) {
      V1ConfigMap made = core.createNamespacedConfigMap(namespace, body(at)).execute();
      require("create", made.getMetadata().getUid() != null, made);
    }
    refused("create", 409, () -> core.createNamespacedConfigMap(namespace, body(0)).execute());
    V1ConfigMap bad = new V1ConfigMap().metadata(new V1ObjectMeta().name("Not Valid"));
    refused("create", 422, () -> core.createNamespacedConfigMap(namespace, bad).execute());
    done("create");
  }

  private V1ConfigMap send(String name, String body, String format, String manager, Boolean force) throws ApiException {
    return PatchUtils.patch(
        V1ConfigMap.class,
        () -> core.patchNamespacedConfigMap(name, namespace, new V1Patch(body)).fieldManager(manager).force(force).buildCall(null),
        format,
        client);
  }

  private void patch() throws ApiException {
    send(name(0), "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"x\"}]", V1Patch.PATCH_FORMAT_JSON_PATCH, null, null);
    send(name(0), "{\"data\":{\"merge\":\"x\"}}", V1Patch.PATCH_FORMAT_JSON_MERGE_PATCH, null, null);
    send(name(0), "{\"data\":{\"strategic\":\"x\"}}", V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, null, null);
    V1ConfigMap got = core.readNamespacedConfigMap(name(0), namespace).execute();
    require("patch", got.getData().size() == 4, got.getData());
    got.getData().put("update", "x");
    core.replaceNamespacedConfigMap(name(0), namespace, got).execute();
    refused("patch", 409, () -> core.replaceNamespacedConfigMap(name(0), namespace, got).execute());
    done("patch");
  }

  private void apply() throws ApiException {
    String wanted = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"java-applied\",\"labels\":{\"client\":\"java\"}},\"data\":{\"a\":\"%s\"}}";
    String format = V1Patch.PATCH_FORMAT_APPLY_YAML;
    send("java-applied", String.format(wanted, "1"), format, "one", null);
    refused("apply", 409, () -> send("java-applied", String.format(wanted, "2"), format, "two", null));
    V1ConfigMap got = send("java-applied", String.format(wanted, "2"), format, "two", true);
    // The library leaves managed fields out of what it reads.
    require("apply", "2".equals(got.getData().get("a")), got);
    done("apply");
  }

  private void pages() throws ApiException {
    int found = 0;
    int count = 0;
    String token = null;
    do {
      V1ConfigMapList page = core.listNamespacedConfigMap(namespace).labelSelector(SELECTOR).limit(5)._continue(token).execute();
      found += page.getItems().size();
      count++;
      token = page.getMetadata().getContinue();
    } while (token != null && !token.isEmpty());
    require("pages", found == COUNT + 1 && count == 3, found + " in " + count);
    done("pages");
  }

  private void remove() throws ApiException {
    core.deleteNamespacedConfigMap(name(0), namespace).execute();
    refused("delete", 404, () -> core.readNamespacedConfigMap(name(0), namespace).execute());
    core.deleteCollectionNamespacedConfigMap(namespace).labelSelector(SELECTOR).execute();
    V1ConfigMapList left = core.listNamespacedConfigMap(namespace).labelSelector(SELECTOR).execute();
    require("delete", left.getItems().isEmpty(), left);
    done("delete");
  }

  private SharedInformerFactory follow() throws InterruptedException {
    SharedInformerFactory factory = new SharedInformerFactory(client);
    var informer =
        factory.sharedIndexInformerFor(
            (CallGeneratorParams given) ->
                core.listNamespacedConfigMap(namespace)
                    .labelSelector(SELECTOR)
                    .resourceVersion(given.resourceVersion)
                    .timeoutSeconds(given.timeoutSeconds)
                    .watch(given.watch)
                    .buildCall(null),
            V1ConfigMap.class,
            V1ConfigMapList.class,
            1000);
    informer.addEventHandler(
        new ResourceEventHandler<V1ConfigMap>() {
          @Override
          public void onAdd(V1ConfigMap object) {
            added.incrementAndGet();
          }

          @Override
          public void onUpdate(V1ConfigMap old, V1ConfigMap object) {
            boolean same = old.getMetadata().getResourceVersion().equals(object.getMetadata().getResourceVersion());
            (same ? resynced : updated).incrementAndGet();
          }

          @Override
          public void onDelete(V1ConfigMap object, boolean unknown) {
            deleted.incrementAndGet();
          }
        });
    factory.startAllRegisteredInformers();
    expect("informer", informer::hasSynced);
    return factory;
  }
}
