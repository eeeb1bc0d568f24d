package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// errMoved: the source redirects to another host.
var errMoved = errors.New("redirects to another host")

const (
	dialTimeout  = 5 * time.Second
	maxRedirects = 3
)

// newHTTPClient returns a client that connects to the pinned addresses only, whatever name it is given.
func newHTTPClient(addresses []netip.Addr) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dialPinned(dialer, addresses),
			TLSHandshakeTimeout: 2 * dialTimeout,
			DisableCompression:  true,
			MaxIdleConnsPerHost: requestsAtOnce,
			IdleConnTimeout:     30 * time.Second,
			// Not HTTP/2: one connection for each stream, so that a slow one holds up no other.
			Protocols: onlyHTTP1(),
		},
		// Redirects are followed by hand: the same POST again, on the same host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

func dialPinned(dialer *net.Dialer, addresses []netip.Addr) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, target string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(target)
		if err != nil {
			return nil, err
		}
		var all error
		for _, address := range addresses {
			conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(address.String(), port))
			if err == nil {
				err = endAtOnce(conn)
			}
			if err == nil {
				return conn, nil
			}
			all = errors.Join(all, err)
		}
		return nil, all
	}
}

// endAtOnce lets a connection end with a reset. Closed politely, the kernel would keep the source's address for a minute among
// the pod's sockets and for ever among its measurements, where the next customer's site could read it.
func endAtOnce(conn net.Conn) error { return conn.(*net.TCPConn).SetLinger(0) }

// redirected returns where a redirect within the same host leads.
func redirected(from *url.URL, response *http.Response) (*url.URL, error) {
	to, err := from.Parse(response.Header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMoved, err)
	}
	if (to.Scheme != "http" && to.Scheme != "https") || to.Hostname() != from.Hostname() {
		return nil, fmt.Errorf("%w: %s", errMoved, to.Host)
	}
	if from.Scheme == "https" && to.Scheme == "http" {
		return nil, fmt.Errorf("%w: from https to http", errMoved)
	}
	return to, nil
}
