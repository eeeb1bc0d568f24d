// Package catalog answers, from watches, the two questions of the lab's network parts: which addresses stand
// behind a host name of an Ingress, and which address a Service has.
package catalog

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	byHost    = "host"
	byService = "service"
)

// Catalog is a view of the cluster's Ingresses, Services and EndpointSlices that follows their changes.
type Catalog struct {
	client    kubernetes.Interface
	factory   informers.SharedInformerFactory
	ingresses cache.SharedIndexInformer
	services  cache.SharedIndexInformer
	slices    cache.SharedIndexInformer
}

// FromKubeconfig builds a catalog with the credential in the file; Start begins the watches.
func FromKubeconfig(path string) (*Catalog, error) {
	client, err := ClientFromKubeconfig(path)
	if err != nil {
		return nil, err
	}
	return New(client)
}

// ClientFromKubeconfig is a client with the credential in the file.
func ClientFromKubeconfig(path string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %w", path, err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", path, err)
	}
	return client, nil
}

// New builds a catalog on a client.
func New(client kubernetes.Interface) (*Catalog, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	c := &Catalog{
		client:    client,
		factory:   factory,
		ingresses: factory.Networking().V1().Ingresses().Informer(),
		services:  factory.Core().V1().Services().Informer(),
		slices:    factory.Discovery().V1().EndpointSlices().Informer(),
	}
	if err := c.ingresses.AddIndexers(cache.Indexers{byHost: hostsOf}); err != nil {
		return nil, fmt.Errorf("index ingresses: %w", err)
	}
	if err := c.slices.AddIndexers(cache.Indexers{byService: serviceOf}); err != nil {
		return nil, fmt.Errorf("index endpoint slices: %w", err)
	}
	return c, nil
}

// Start begins the watches and returns once the first lists have arrived.
func (c *Catalog) Start(ctx context.Context) error {
	c.factory.Start(ctx.Done())
	for kind, synced := range c.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("no first list of %v: %w", kind, ctx.Err())
		}
	}
	return nil
}

// HasHost says whether an Ingress serves the host.
func (c *Catalog) HasHost(host string) bool {
	found, err := c.ingresses.GetIndexer().ByIndex(byHost, strings.ToLower(host))
	return err == nil && len(found) > 0
}

// Backends lists `ip:port` of what serves a path of a host. Not an empty list but found=false means that no
// Ingress has this host and path.
func (c *Catalog) Backends(host, path string) (addresses []string, found bool) {
	objects, err := c.ingresses.GetIndexer().ByIndex(byHost, strings.ToLower(host))
	if err != nil {
		return nil, false
	}
	namespace, backend := longestMatch(objects, strings.ToLower(host), path)
	if backend == nil {
		return nil, false
	}
	return c.endpoints(namespace, backend), true
}

// ServiceAddresses is the ClusterIP of a Service, or its endpoints' addresses if it is headless.
func (c *Catalog) ServiceAddresses(namespace, name string) []net.IP {
	service := c.service(namespace, name)
	if service == nil {
		return nil
	}
	if ip := net.ParseIP(service.Spec.ClusterIP); ip != nil {
		return []net.IP{ip}
	}
	var ips []net.IP
	for _, slice := range c.slicesOf(namespace, name) {
		for _, address := range readyAddresses(slice) {
			ips = append(ips, net.ParseIP(address))
		}
	}
	return ips
}

func (c *Catalog) service(namespace, name string) *corev1.Service {
	object, exists, err := c.services.GetIndexer().GetByKey(namespace + "/" + name)
	if err != nil || !exists {
		return nil
	}
	return object.(*corev1.Service)
}

func (c *Catalog) slicesOf(namespace, service string) []*discoveryv1.EndpointSlice {
	objects, err := c.slices.GetIndexer().ByIndex(byService, namespace+"/"+service)
	if err != nil {
		return nil
	}
	slices := make([]*discoveryv1.EndpointSlice, 0, len(objects))
	for _, object := range objects {
		slices = append(slices, object.(*discoveryv1.EndpointSlice))
	}
	return slices
}

// endpoints goes to the pods directly, as Traefik and load balancers do: no detour through the ClusterIP.
func (c *Catalog) endpoints(namespace string, backend *networkingv1.IngressServiceBackend) []string {
	service := c.service(namespace, backend.Name)
	if service == nil {
		return nil
	}
	portName, ok := portName(service, backend.Port)
	if !ok {
		return nil
	}
	var addresses []string
	for _, slice := range c.slicesOf(namespace, backend.Name) {
		for _, port := range slice.Ports {
			if port.Port == nil || (port.Name != nil && *port.Name != portName) {
				continue
			}
			for _, ip := range readyAddresses(slice) {
				addresses = append(addresses, net.JoinHostPort(ip, strconv.Itoa(int(*port.Port))))
			}
		}
	}
	return addresses
}

// readyAddresses trusts the slice's own word: it is "ready" for every pod of a Service that publishes not-ready
// addresses (that of a clone does). Pods on their way out come last.
func readyAddresses(slice *discoveryv1.EndpointSlice) []string {
	var serving, leaving []string
	for _, endpoint := range slice.Endpoints {
		if ready := endpoint.Conditions.Ready; ready != nil && !*ready {
			continue
		}
		if terminating := endpoint.Conditions.Terminating; terminating != nil && *terminating {
			leaving = append(leaving, endpoint.Addresses...)
			continue
		}
		serving = append(serving, endpoint.Addresses...)
	}
	return append(serving, leaving...)
}

func portName(service *corev1.Service, wanted networkingv1.ServiceBackendPort) (string, bool) {
	for _, port := range service.Spec.Ports {
		if (wanted.Name != "" && port.Name == wanted.Name) || (wanted.Name == "" && port.Port == wanted.Number) {
			return port.Name, true
		}
	}
	return "", false
}

func longestMatch(objects []any, host, path string) (string, *networkingv1.IngressServiceBackend) {
	var namespace string
	var best *networkingv1.IngressServiceBackend
	length := -1
	for _, object := range objects {
		ingress := object.(*networkingv1.Ingress)
		for _, rule := range ingress.Spec.Rules {
			if !strings.EqualFold(rule.Host, host) || rule.HTTP == nil {
				continue
			}
			for _, candidate := range rule.HTTP.Paths {
				if candidate.Backend.Service != nil && matches(candidate, path) && len(candidate.Path) > length {
					namespace, best, length = ingress.Namespace, candidate.Backend.Service, len(candidate.Path)
				}
			}
		}
	}
	return namespace, best
}

// matches compares by path elements, as the Ingress API defines Prefix.
func matches(candidate networkingv1.HTTPIngressPath, path string) bool {
	if candidate.PathType != nil && *candidate.PathType == networkingv1.PathTypeExact {
		return candidate.Path == path
	}
	prefix := strings.TrimSuffix(candidate.Path, "/")
	return prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/")
}

func hostsOf(object any) ([]string, error) {
	ingress, ok := object.(*networkingv1.Ingress)
	if !ok {
		return nil, fmt.Errorf("want an Ingress, have %T", object)
	}
	hosts := make([]string, 0, len(ingress.Spec.Rules))
	for _, rule := range ingress.Spec.Rules {
		if rule.Host != "" {
			hosts = append(hosts, strings.ToLower(rule.Host))
		}
	}
	return hosts, nil
}

func serviceOf(object any) ([]string, error) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil, fmt.Errorf("want an EndpointSlice, have %T", object)
	}
	return []string{slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]}, nil
}
