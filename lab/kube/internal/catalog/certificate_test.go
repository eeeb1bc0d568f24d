package catalog

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const shop = "www.example.com"

// pair is a certificate for a host and its key, as a Secret of type kubernetes.io/tls holds them.
func pair(t *testing.T, host string) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

func secured(name, host string) *networkingv1.Ingress {
	secured := ingress(name, host, path("/", name))
	secured.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{host}, SecretName: name + "-tls"}}
	return secured
}

func secret(name string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Data: data}
}

func TestAHostHasTheCertificateThatItsIngressNames(t *testing.T) {
	catalog := started(t, secured("mine", shop), secret("mine-tls", pair(t, shop)))

	certificate, err := catalog.Certificate(t.Context(), "WWW.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := certificate.Leaf.VerifyHostname(shop); err != nil {
		t.Error(err)
	}
}

func TestAHostWhoseIngressNamesNoneHasNoCertificateOfItsOwn(t *testing.T) {
	catalog := started(t, ingress("acme", "acme.clones.test", path("/", "acme")))

	for _, host := range []string{"acme.clones.test", "unknown.test", ""} {
		if certificate, err := catalog.Certificate(t.Context(), host); certificate != nil || err != nil {
			t.Errorf("%q: certificate %v, error %v", host, certificate, err)
		}
	}
}

func TestACertificateThatIsMissingOrBrokenIsAnErrorAndNoOther(t *testing.T) {
	for name, catalog := range map[string]*Catalog{
		"missing": started(t, secured("mine", shop)),
		"broken":  started(t, secured("mine", shop), secret("mine-tls", map[string][]byte{corev1.TLSCertKey: []byte("x")})),
	} {
		if certificate, err := catalog.Certificate(t.Context(), shop); certificate != nil || err == nil {
			t.Errorf("%s: certificate %v, error %v", name, certificate, err)
		}
	}
}
