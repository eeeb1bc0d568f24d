package catalog

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

const namespace = "wordpress-staging"

func pointer[T any](value T) *T { return &value }

func started(t *testing.T, objects ...runtime.Object) *Catalog {
	t.Helper()
	catalog, err := New(fake.NewClientset(objects...))
	if err != nil {
		t.Fatal(err)
	}
	if err := catalog.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return catalog
}

func service(name, ip string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
}

func slice(service string, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: service + "-1", Namespace: namespace, Labels: map[string]string{discoveryv1.LabelServiceName: service},
		},
		Endpoints: endpoints,
		Ports:     []discoveryv1.EndpointPort{{Name: pointer("http"), Port: pointer(int32(8080))}},
	}
}

func endpoint(ip string, ready, terminating bool) discoveryv1.Endpoint {
	conditions := discoveryv1.EndpointConditions{Ready: &ready, Terminating: &terminating}
	return discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: conditions}
}

func ingress(name, host string, paths ...networkingv1.HTTPIngressPath) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host:             host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}},
		}}},
	}
}

func path(prefix, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{
		Path: prefix, PathType: pointer(networkingv1.PathTypePrefix),
		Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
			Name: service, Port: networkingv1.ServiceBackendPort{Number: 80},
		}},
	}
}

func TestAHostLeadsToThePodsAndTheirPort(t *testing.T) {
	catalog := started(t, ingress("acme", "acme.clones.test", path("/", "acme")),
		service("acme", "10.96.0.7"), slice("acme", endpoint("10.244.0.2", true, false)))

	addresses, found := catalog.Backends("ACME.clones.test", "/wp-admin/")
	if !found || !slices.Equal(addresses, []string{"10.244.0.2:8080"}) {
		t.Fatalf("addresses %v, found %v", addresses, found)
	}
}

func TestOnlyReadyPodsServeAndLeavingOnesComeLast(t *testing.T) {
	catalog := started(t, ingress("acme", "acme.clones.test", path("/", "acme")), service("acme", "10.96.0.7"),
		slice("acme", endpoint("10.244.0.2", true, true), endpoint("10.244.0.3", false, false), endpoint("10.244.0.4", true, false)))

	addresses, _ := catalog.Backends("acme.clones.test", "/")
	if !slices.Equal(addresses, []string{"10.244.0.4:8080", "10.244.0.2:8080"}) {
		t.Fatalf("addresses %v", addresses)
	}
}

func TestTheLongestPathElementsWin(t *testing.T) {
	catalog := started(t, ingress("acme", "acme.clones.test", path("/", "site"), path("/api", "api")),
		service("site", "10.96.0.7"), slice("site", endpoint("10.244.0.2", true, false)),
		service("api", "10.96.0.8"), slice("api", endpoint("10.244.0.3", true, false)))

	for requested, wanted := range map[string]string{
		"/": "10.244.0.2:8080", "/api/x": "10.244.0.3:8080", "/api": "10.244.0.3:8080", "/apis": "10.244.0.2:8080",
	} {
		if addresses, _ := catalog.Backends("acme.clones.test", requested); !slices.Equal(addresses, []string{wanted}) {
			t.Errorf("%s leads to %v, not %s", requested, addresses, wanted)
		}
	}
}

func TestAnUnknownHostIsNotFoundAndAnEmptyServiceIs(t *testing.T) {
	catalog := started(t, ingress("acme", "acme.clones.test", path("/", "acme")), service("acme", "10.96.0.7"))

	if _, found := catalog.Backends("other.clones.test", "/"); found {
		t.Error("a host without an Ingress was found")
	}
	if addresses, found := catalog.Backends("acme.clones.test", "/"); !found || len(addresses) != 0 {
		t.Errorf("addresses %v, found %v", addresses, found)
	}
}

func TestAServiceHasItsClusterIPOrItsPods(t *testing.T) {
	catalog := started(t, service("acme", "10.96.0.7"), service("headless", corev1.ClusterIPNone),
		slice("headless", endpoint("10.244.0.9", true, false)))

	for name, wanted := range map[string]string{"acme": "10.96.0.7", "headless": "10.244.0.9"} {
		if ips := catalog.ServiceAddresses(namespace, name); len(ips) != 1 || ips[0].String() != wanted {
			t.Errorf("%s has %v, not %s", name, ips, wanted)
		}
	}
	if ips := catalog.ServiceAddresses(namespace, "none"); ips != nil {
		t.Errorf("no Service, but %v", ips)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	catalog, err := New(fake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := catalog.Start(ctx); err == nil {
		t.Fatal("no lists, and no error")
	}
}
