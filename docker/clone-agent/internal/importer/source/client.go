// Package source is the client of the export protocol (docs/protocol.md): it asks the plugin on the source, believes only
// what carries the right MAC, and goes on from the last checkpoint after a cut.
package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// Options are what a test or a laboratory may choose.
type Options struct {
	Resolver Resolver         // nil: the system's
	Now      func() time.Time // nil: time.Now
	Stall    time.Duration    // silence after which a request is given up and sent again; 0: 8 s
	Patience time.Duration    // time without anything new after which the source is given up; 0: 12 s
	Backoff  time.Duration    // wait before the first retry, doubled each time; 0: 200 ms
}

func (o Options) withDefaults() Options {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Stall == 0 {
		o.Stall = 8 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 12 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = 200 * time.Millisecond
	}
	return o
}

// way is one spelling of the endpoints' address.
type way func(site *url.URL, endpoint string) *url.URL

var ways = []way{
	func(site *url.URL, endpoint string) *url.URL {
		return site.JoinPath("wp-json", "custom-migrator", "v1", endpoint)
	},
	func(site *url.URL, endpoint string) *url.URL {
		u := site.JoinPath("/")
		u.RawQuery = url.Values{"custom_migrator": {endpoint}}.Encode()
		return u
	},
}

// Client asks one source for one job. It is safe for concurrent use once Preflight has answered.
type Client struct {
	options Options
	signer  *signer
	http    *http.Client
	gate    *gate
	known   atomic.Bool // the plugin has answered

	mu   sync.Mutex
	site *url.URL
	way  way
}

// New pins the source's addresses: those of the job, or what its name resolves to. Errors carry source_unreachable or source_invalid.
func New(ctx context.Context, j job.Job, options Options) (*Client, error) {
	options = options.withDefaults()
	site, err := url.Parse(j.SourceURL)
	if err != nil || site.Hostname() == "" {
		return nil, failure.New(job.SourceInvalid, "the source's address must be a URL with a host")
	}
	site.RawQuery, site.Fragment, site.User = "", "", nil
	signer, err := newSigner(j, options.Now)
	if err != nil {
		return nil, failure.New(job.Internal, "%w", err)
	}
	if len(j.SourceAddresses) > 0 {
		options.Resolver = given(j.SourceAddresses)
	}
	addresses, err := pin(ctx, options.Resolver, site.Hostname(), j.AllowPrivateSource)
	if err != nil {
		return nil, err
	}
	return &Client{options: options, signer: signer, http: newHTTPClient(addresses), gate: newGate(requestsAtOnce), site: site, way: ways[0]}, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// BePatient changes how long a silent source is waited for. Nothing may be asked meanwhile.
func (c *Client) BePatient(patience time.Duration) { c.options.Patience = patience }

// address returns where an endpoint is.
func (c *Client) address(endpoint string) *url.URL {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.way(c.site, endpoint)
}

// request sends one signed POST and hands the answer's frames to read. Silence of the source ends it.
func (c *Client) request(ctx context.Context, endpoint string, parameters any, watch *watch, read func(*frameReader) error) error {
	body, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch.begin(cancel)
	defer watch.end()
	nonce := newNonce()
	response, err := c.send(ctx, endpoint, body, nonce)
	if err != nil {
		return stalled(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return c.refusal(response)
	}
	frames := newFrameReader(&watched{response.Body, watch}, c.signer.key, nonce, endpoint)
	if err := frames.start(); err != nil {
		return stalled(ctx, err)
	}
	return stalled(ctx, read(frames))
}

// stalled prefers the reason for which a request was cancelled to the words of the network.
func stalled(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		return context.Cause(ctx)
	}
	return err
}

func (c *Client) send(ctx context.Context, endpoint string, body []byte, nonce string) (*http.Response, error) {
	target := c.address(endpoint)
	for range maxRedirects + 1 {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		request.Header = c.signer.headers(endpoint, body, nonce)
		response, err := c.http.Do(request)
		if err != nil {
			return nil, err
		}
		switch response.StatusCode {
		default:
			return response, nil
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		}
		response.Body.Close()
		if target, err = redirected(target, response); err != nil {
			return nil, failure.New(job.SourceInvalid, "the source %w; register the address that it redirects to", err)
		}
	}
	return nil, failure.New(job.SourceInvalid, "the source redirects in a circle")
}

// refusal describes a status other than 200. A source that is asked too much is asked less from here on.
func (c *Client) refusal(response *http.Response) error {
	detail := "the source answered " + response.Status + ": something stands before the plugin (a firewall, a login, a maintenance page);" +
		" let POST requests to /wp-json/custom-migrator/ through"
	if response.StatusCode == http.StatusNotFound {
		detail = "the source does not know the export (404): the plugin is not active, or it refused the key" +
			" (wrong, expired or revoked): see its log in Tools > Custom Migrator, and register the source again with a new key"
		if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			if skew := c.options.Now().Sub(date).Abs(); skew > 5*time.Minute {
				detail += fmt.Sprintf("; its clock differs by %s", skew.Round(time.Second))
			}
		}
	}
	refused := &nonAnswer{response.StatusCode, detail, retryAfter(response)}
	if refused.busy() {
		c.gate.narrow()
	}
	return refused
}
