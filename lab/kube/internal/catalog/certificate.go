package catalog

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Certificate is the one that an Ingress names for the host in `tls`; nil where none does. The Secret is asked for at
// each call: a lab's handshakes are few, and to watch Secrets is a right that it does without.
func (c *Catalog) Certificate(ctx context.Context, host string) (*tls.Certificate, error) {
	objects, err := c.ingresses.GetIndexer().ByIndex(byHost, strings.ToLower(host))
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", host, err)
	}
	namespace, name := secretFor(objects, host)
	if name == "" {
		return nil, nil
	}
	secret, err := c.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", host, err)
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("certificate of %s in Secret %s/%s: %w", host, namespace, name, err)
	}
	return &pair, nil
}

func secretFor(objects []any, host string) (namespace, name string) {
	for _, object := range objects {
		ingress := object.(*networkingv1.Ingress)
		for _, entry := range ingress.Spec.TLS {
			for _, named := range entry.Hosts {
				if strings.EqualFold(named, host) {
					return ingress.Namespace, entry.SecretName
				}
			}
		}
	}
	return "", ""
}
