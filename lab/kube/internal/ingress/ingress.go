// Package ingress is the lab's stand-in for an ingress controller: it serves Ingress objects by host name.
//
// Real clusters run Traefik or a cloud load balancer. This one plays the hop behind a load balancer that ends TLS:
// pods see X-Forwarded-Proto https, the client's address, and the Host header as the client sent it.
package ingress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"clonepool.dev/lab/internal/catalog"
)

const (
	dialTimeout   = 2 * time.Second
	answerTimeout = 60 * time.Second // a load balancer's usual idle timeout
)

// Routes finds the backends of a host and path.
type Routes interface {
	Backends(host, path string) (addresses []string, found bool)
}

type options struct {
	kubeconfig, address, certificate, key string
}

// NewCommand is `labkube ingress`.
func NewCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:          "ingress",
		Short:        "Serve Ingress objects by host (the lab's stand-in for Traefik or a load balancer)",
		SilenceUsage: true,
		RunE:         func(*cobra.Command, []string) error { return run(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "credential that may watch Ingresses, Services, EndpointSlices")
	flags.StringVar(&o.address, "address", "127.0.0.1", "address to serve on, ports 80 and 443")
	flags.StringVar(&o.certificate, "tls-cert-file", "", "certificate for port 443, where an Ingress names none for the host")
	flags.StringVar(&o.key, "tls-private-key-file", "", "its key")
	return cmd
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	routes, err := catalog.FromKubeconfig(o.kubeconfig)
	if err != nil {
		return err
	}
	if err := routes.Start(ctx); err != nil {
		return err
	}
	handler := NewHandler(routes)
	plain := &http.Server{Addr: net.JoinHostPort(o.address, "80"), Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	secure := &http.Server{
		Addr: net.JoinHostPort(o.address, "443"), Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ofHost(routes)},
	}
	failed := make(chan error, 2)
	go func() { failed <- plain.ListenAndServe() }()
	go func() { failed <- secure.ListenAndServeTLS(o.certificate, o.key) }()
	slog.Info("serving", "address", o.address)
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", o.address, err)
	case <-ctx.Done():
		return errors.Join(plain.Close(), secure.Close())
	}
}

// Certificates finds the certificate of a host; nil where it has none of its own.
type Certificates interface {
	Certificate(ctx context.Context, host string) (*tls.Certificate, error)
}

// ofHost chooses by the name that the client asks for (SNI); nil leaves the choice to the server's own certificate.
func ofHost(certificates Certificates) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return certificates.Certificate(hello.Context(), hello.ServerName)
	}
}

// NewHandler routes requests by their Host header: 404 for an unknown host, 503 without a backend, 502 when the
// backend does not answer, 504 when it takes longer than a minute.
func NewHandler(routes Routes) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:      rewrite,
		Transport:    transport(),
		ErrorHandler: unanswered,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOnly(r.Host)
		addresses, found := routes.Backends(host, r.URL.Path)
		switch {
		case !found:
			http.Error(w, "no Ingress for host "+host, http.StatusNotFound)
		case len(addresses) == 0:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "no endpoint behind "+host, http.StatusServiceUnavailable)
		default:
			target := addresses[rand.IntN(len(addresses))]
			proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
		}
	})
}

type targetKey struct{}

func rewrite(r *httputil.ProxyRequest) {
	target, _ := r.In.Context().Value(targetKey{}).(string)
	r.SetURL(&url.URL{Scheme: "http", Host: target})
	r.Out.Host = r.In.Host
	r.SetXForwarded() // what the client claimed under these names has been dropped by the proxy
	r.Out.Header.Set("X-Forwarded-Proto", "https")
}

// transport keeps no idle connections: addresses of pods are used again by other pods within seconds.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		ResponseHeaderTimeout: answerTimeout,
		DisableKeepAlives:     true,
		DisableCompression:    true,
	}
}

func unanswered(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	if !errors.Is(err, context.Canceled) {
		slog.Warn("backend does not answer", "host", r.Host, "path", r.URL.Path, "error", err)
	}
	http.Error(w, "the site behind "+hostOnly(r.Host)+" does not answer", status)
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}
