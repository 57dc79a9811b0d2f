// The scenario of every client (../README.md) with client-go: typed, protobuf, a shared informer with resync.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const pods = 12

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check("kubeconfig", err)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.QPS = -1
	clients, err := kubernetes.NewForConfig(config)
	check("client", err)
	namespace := os.Getenv("NAMESPACE")
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	maps := clients.CoreV1().ConfigMaps(namespace)
	seen := watch(ctx, clients, namespace)
	create(ctx, maps)
	patches(ctx, maps)
	applies(ctx, maps)
	pages(ctx, maps)
	expect("watch", func() bool { return seen.adds() >= pods && seen.updated() && seen.resynced() })
	remove(ctx, maps)
	expect("watch deletes", func() bool { return seen.deletes() >= pods })
}

func check(step string, err error) {
	if err != nil {
		fmt.Println("failed", step+":", err)
		os.Exit(1)
	}
}

func require(step string, fine bool, got any) {
	if !fine {
		fmt.Println("failed", step+":", fmt.Sprintf("%v", got))
		os.Exit(1)
	}
}

func done(step string) { fmt.Println("ok", step) }

func expect(step string, fine func() bool) {
	for end := time.Now().Add(20 * time.Second); !fine(); time.Sleep(50 * time.Millisecond) {
		require(step, time.Now().Before(end), "not in 20 s")
	}
	done(step)
}

func name(at int) string { return fmt.Sprintf("go-%02d", at) }

func create(ctx context.Context, maps typedcore.ConfigMapInterface) {
	for at := range pods {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name(at), Labels: map[string]string{"client": "go"}}, Data: map[string]string{"a": "1"}}
		made, err := maps.Create(ctx, object, metav1.CreateOptions{})
		check("create", err)
		require("create", made.UID != "" && made.ResourceVersion != "", made)
	}
	_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name(0)}}, metav1.CreateOptions{})
	require("create", apierrors.IsAlreadyExists(err), err)
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Not Valid"}}, metav1.CreateOptions{})
	require("create", apierrors.IsInvalid(err), err)
	done("create")
}

func patches(ctx context.Context, maps typedcore.ConfigMapInterface) {
	for kind, body := range map[types.PatchType]string{
		types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"x"}]`,
		types.MergePatchType:          `{"data":{"merge":"x"}}`,
		types.StrategicMergePatchType: `{"data":{"strategic":"x"}}`,
	} {
		_, err := maps.Patch(ctx, name(0), kind, []byte(body), metav1.PatchOptions{})
		check("patch", err)
	}
	got, err := maps.Get(ctx, name(0), metav1.GetOptions{})
	check("patch", err)
	require("patch", len(got.Data) == 4, got.Data)
	stale := got.DeepCopy()
	got.Data["update"] = "x"
	_, err = maps.Update(ctx, got, metav1.UpdateOptions{})
	check("update", err)
	_, err = maps.Update(ctx, stale, metav1.UpdateOptions{})
	require("update", apierrors.IsConflict(err), err)
	done("patch")
}

func applies(ctx context.Context, maps typedcore.ConfigMapInterface) {
	wanted := func(value string) *applycore.ConfigMapApplyConfiguration {
		return applycore.ConfigMap("go-applied", "").WithLabels(map[string]string{"client": "go"}).WithData(map[string]string{"a": value})
	}
	_, err := maps.Apply(ctx, wanted("1"), metav1.ApplyOptions{FieldManager: "one"})
	check("apply", err)
	_, err = maps.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "two"})
	require("apply", apierrors.IsConflict(err), err)
	got, err := maps.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	check("apply", err)
	require("apply", got.Data["a"] == "2" && len(got.ManagedFields) == 2, got.ManagedFields)
	done("apply")
}

func pages(ctx context.Context, maps typedcore.ConfigMapInterface) {
	options := metav1.ListOptions{LabelSelector: "client=go", Limit: 5}
	found := 0
	for count := 1; ; count++ {
		list, err := maps.List(ctx, options)
		check("pages", err)
		found += len(list.Items)
		options.Continue = list.Continue
		if list.Continue == "" {
			require("pages", found == pods+1 && count == 3, found)
			break
		}
	}
	done("pages")
}

func remove(ctx context.Context, maps typedcore.ConfigMapInterface) {
	check("delete", maps.Delete(ctx, name(0), metav1.DeleteOptions{}))
	_, err := maps.Get(ctx, name(0), metav1.GetOptions{})
	require("delete", apierrors.IsNotFound(err), err)
	check("delete", maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "client=go"}))
	list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "client=go"})
	check("delete", err)
	require("delete", len(list.Items) == 0, list.Items)
	done("delete")
}

type seen struct{ events chan string; counts map[string]int }

func (s *seen) count(kind string) int {
	for {
		select {
		case event := <-s.events:
			s.counts[event]++
		default:
			return s.counts[kind]
		}
	}
}
func (s *seen) adds() int      { return s.count("add") }
func (s *seen) deletes() int   { return s.count("delete") }
func (s *seen) updated() bool  { return s.count("update") > 0 }
func (s *seen) resynced() bool { return s.count("resync") > 0 }

func watch(ctx context.Context, clients kubernetes.Interface, namespace string) *seen {
	result := &seen{events: make(chan string, 10000), counts: map[string]int{}}
	selected := informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "client=go" })
	factory := informers.NewSharedInformerFactoryWithOptions(clients, time.Second, informers.WithNamespace(namespace), selected)
	_, err := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { result.events <- "add" },
		DeleteFunc: func(any) { result.events <- "delete" },
		UpdateFunc: func(old, object any) {
			if old.(*corev1.ConfigMap).ResourceVersion == object.(*corev1.ConfigMap).ResourceVersion {
				result.events <- "resync"
			} else {
				result.events <- "update"
			}
		},
	})
	check("watch", err)
	factory.Start(ctx.Done())
	for _, fine := range factory.WaitForCacheSync(ctx.Done()) {
		require("watch", fine, "the cache was not filled")
	}
	return result
}
