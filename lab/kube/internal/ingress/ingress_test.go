package ingress

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type routes map[string][]string

func (r routes) Backends(host, _ string) ([]string, bool) {
	addresses, found := r[host]
	return addresses, found
}

// site answers with what reached it.
func site(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen-Host", r.Host)
		for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"} {
			w.Header()["Seen-"+name] = r.Header.Values(name)
		}
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func ask(t *testing.T, routes routes, request *http.Request) *http.Response {
	t.Helper()
	recorder := httptest.NewRecorder()
	NewHandler(routes).ServeHTTP(recorder, request)
	return recorder.Result()
}

func TestAPodSeesHTTPSTheClientAndTheHostAsSent(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "http://acme.clones.test/x", strings.NewReader("body"))
	request.RemoteAddr = "192.0.2.9:4711"
	answer := ask(t, routes{"acme.clones.test": {site(t)}}, request)

	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK || string(body) != "body" {
		t.Fatalf("status %d, body %q", answer.StatusCode, body)
	}
	for name, wanted := range map[string]string{
		"Seen-Host": "acme.clones.test", "Seen-X-Forwarded-Host": "acme.clones.test",
		"Seen-X-Forwarded-Proto": "https", "Seen-X-Forwarded-For": "192.0.2.9",
	} {
		if seen := answer.Header.Get(name); seen != wanted {
			t.Errorf("%s is %q, not %q", name, seen, wanted)
		}
	}
}

func TestWhatTheClientClaimsAboutItselfIsDropped(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "http://acme.clones.test/", nil)
	request.RemoteAddr = "192.0.2.9:4711"
	request.Header.Set("X-Forwarded-For", "203.0.113.1")
	request.Header.Set("Forwarded", "for=203.0.113.1")
	answer := ask(t, routes{"acme.clones.test": {site(t)}}, request)

	if seen := answer.Header.Values("Seen-X-Forwarded-For"); len(seen) != 1 || seen[0] != "192.0.2.9" {
		t.Errorf("X-Forwarded-For %v", seen)
	}
	if seen := answer.Header.Get("Seen-Forwarded"); seen != "" {
		t.Errorf("Forwarded %q", seen)
	}
}

func TestThePortIsNoPartOfTheHost(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "http://acme.clones.test:8443/", nil)
	if answer := ask(t, routes{"acme.clones.test": {site(t)}}, request); answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d", answer.StatusCode)
	}
}

func TestStatusesSayWhatIsMissing(t *testing.T) {
	gone := httptest.NewServer(nil)
	closed := strings.TrimPrefix(gone.URL, "http://")
	gone.Close()
	known := routes{"empty.clones.test": nil, "closed.clones.test": {closed}}

	for host, wanted := range map[string]int{
		"unknown.clones.test": http.StatusNotFound,
		"empty.clones.test":   http.StatusServiceUnavailable,
		"closed.clones.test":  http.StatusBadGateway,
	} {
		answer := ask(t, known, httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil))
		if answer.StatusCode != wanted {
			t.Errorf("%s: status %d, not %d", host, answer.StatusCode, wanted)
		}
	}
}

type certificates map[string]*tls.Certificate

func (c certificates) Certificate(_ context.Context, host string) (*tls.Certificate, error) {
	return c[host], nil
}

func selfSigned(t *testing.T, host string) *tls.Certificate {
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
	return &tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
}

func TestAClientIsShownTheCertificateOfTheHostItNames(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{GetCertificate: ofHost(certificates{"mine.test": selfSigned(t, "mine.test")})}
	server.StartTLS()
	defer server.Close()
	own := server.Certificate().DNSNames[0]

	for host, wanted := range map[string]string{"mine.test": "mine.test", "other.test": own} {
		client := &tls.Config{ServerName: host, InsecureSkipVerify: true}
		connection, err := tls.Dial("tcp", server.Listener.Addr().String(), client)
		if err != nil {
			t.Fatal(err)
		}
		if shown := connection.ConnectionState().PeerCertificates[0].DNSNames[0]; shown != wanted {
			t.Errorf("%s is shown the certificate of %s", host, shown)
		}
		connection.Close()
	}
}
