package site

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

const (
	maxPage   = 8 << 20
	maxHops   = 3
	pageLimit = 30 * time.Second
)

// broken are words that WordPress or PHP put on a page that failed.
var broken = []string{
	"<b>Fatal error</b>", "PHP Fatal error:", "There has been a critical error on this website",
	"Error establishing a database connection",
}

// Smoke tries a clone from inside its pod, as a visitor behind the ingress would.
type Smoke struct {
	Address  string // host:port of Apache
	Home     string // the clone's address, with the site's path
	SiteURL  string
	Rewriter *rewrite.Rewriter // knows the source's addresses
	Docroot  string
	TempDir  string   // PHP's
	Secrets  []string // what no message may hold
}

// Run fetches the front page, the login page, the door of the dashboard and the index of REST. Warnings are what a clone
// may live with. The error of a page that PHP ended is, or wraps, a *Fatal.
func (s *Smoke) Run(ctx context.Context) (warnings []string, err error) {
	front, err := s.page(ctx, s.Home+"/")
	if err != nil {
		return nil, err
	}
	// Written into a theme's own code, which is not rewritten: an old site is cloned all the same, and its owner told.
	if found := s.sourceAddress(front); found != "" {
		warnings = append(warnings, "the front page still holds an address of the source: ..."+found+"...")
	}
	login, err := s.page(ctx, s.SiteURL+"/wp-login.php")
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(login, []byte("loginform")) {
		warnings = append(warnings, "wp-login.php shows no login form")
	}
	if err := s.dashboard(ctx); err != nil {
		return nil, err
	}
	if index, err := s.page(ctx, s.Home+"/?rest_route=/"); err != nil {
		warnings = append(warnings, "REST: "+err.Error())
	} else if !bytes.Contains(index, []byte(`"namespaces"`)) {
		warnings = append(warnings, "the index of REST is not there")
	}
	return warnings, nil
}

// ForgetCode empties PHP's cache of compiled code, but for WordPress itself where that is the image's: compiling it again is
// most of what a small clone's first pages cost. The cache knows a file by its path and time alone, so it could go on with
// the image's version of one that the source has with the same time and other bytes. The guard does it before any code of
// the site runs, and says which PHP it is; the door to log in is a script on every site.
func (s *Smoke) ForgetCode(ctx context.Context, coreIsImages bool) (php string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	address, order := s.SiteURL+"/wp-login.php", forget
	if coreIsImages {
		order = forgetContent
	}
	for range maxHops + 1 {
		response, _, err := s.ask(ctx, address, order)
		if err != nil {
			return "", failure.New(job.SmokeFailed, "%s: %w", address, err)
		}
		if response.StatusCode == http.StatusNoContent {
			return response.Header.Get(phpHeader), nil
		}
		location := response.Header.Get("Location")
		if location == "" {
			return "", failure.New(job.SmokeFailed, "PHP's cache of compiled code was not emptied: %s answers %s", address, response.Status)
		}
		if address, err = s.follow(address, location); err != nil {
			return "", err
		}
	}
	return "", failure.New(job.SmokeFailed, "%s redirects in a circle", address)
}

// dashboard asks for the dashboard as a stranger. What WordPress answers does not matter, sites like to hide it; but code
// that dies only there would lock the administrator out.
func (s *Smoke) dashboard(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	address := s.SiteURL + "/wp-admin/"
	_, _, err := s.fetch(ctx, address)
	if fatal := (*Fatal)(nil); errors.As(err, &fatal) {
		return failure.New(job.SmokeFailed, "%s dies: %w", address, fatal)
	}
	return nil
}

// page fetches a page that must be there and whole. Redirects within the clone are followed.
func (s *Smoke) page(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	for range maxHops + 1 {
		response, body, err := s.fetch(ctx, address)
		if fatal := (*Fatal)(nil); errors.As(err, &fatal) {
			return nil, failure.New(job.SmokeFailed, "%s dies: %w", address, fatal)
		}
		if err != nil {
			return nil, failure.New(job.SmokeFailed, "%s: %w", address, err)
		}
		if location := response.Header.Get("Location"); location != "" && response.StatusCode/100 == 3 {
			if address, err = s.follow(address, location); err != nil {
				return nil, err
			}
			continue
		}
		if word := brokenBy(body); word != "" {
			return nil, failure.New(job.SmokeFailed, "%s says: %s", address, word)
		}
		if response.StatusCode != http.StatusOK {
			return nil, failure.New(job.SmokeFailed, "%s answers %s", address, response.Status)
		}
		return body, nil
	}
	return nil, failure.New(job.SmokeFailed, "%s redirects in a circle", address)
}

func (s *Smoke) follow(from, location string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	to, err := base.Parse(location)
	if err != nil || to.Host != base.Host {
		return "", failure.New(job.SmokeFailed, "%s redirects to %s, which is not the clone", from, location)
	}
	return to.String(), nil
}

// fetch gets a page; see ask.
func (s *Smoke) fetch(ctx context.Context, address string) (*http.Response, []byte, error) {
	return s.ask(ctx, address, "")
}

// ask asks Apache directly, with the host and scheme that the ingress would pass on. A fatal error of PHP is returned as
// a *Fatal, whatever the page looks like.
func (s *Smoke) ask(ctx context.Context, address, order string) (*http.Response, []byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	direct := *u
	direct.Scheme, direct.Host = "http", s.Address
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, direct.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	request.Host = u.Host
	request.Header.Set("X-Forwarded-Proto", u.Scheme)
	request.Header.Set("X-Forwarded-For", "127.0.0.1")
	report, err := newErrorReport(s.TempDir, order)
	if err != nil {
		return nil, nil, err
	}
	defer report.close()
	request.Header.Set(tokenHeader, report.token)
	response, err := smokeClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return nil, nil, err
	}
	text, err := report.read()
	if fatal := ParseFatal(text, s.Docroot, s.Secrets...); fatal != nil {
		return nil, nil, fatal
	}
	return response, body, err
}

// smokeClient keeps no connections: Apache has few processes.
var smokeClient = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func brokenBy(body []byte) string {
	for _, word := range broken {
		if at := bytes.Index(body, []byte(word)); at >= 0 {
			return excerpt(body, at)
		}
	}
	return ""
}

// sourceAddress returns the surroundings of the first own address of the source in a page, or nothing.
func (s *Smoke) sourceAddress(page []byte) string {
	rewritten, changed := s.Rewriter.Cell(nil, page)
	if !changed {
		return ""
	}
	at := 0
	for at < min(len(page), len(rewritten)) && page[at] == rewritten[at] {
		at++
	}
	return excerpt(page, max(at-20, 0))
}

// excerpt is a piece of a page on one line.
func excerpt(page []byte, at int) string {
	piece := page[at:min(at+160, len(page))]
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(piece), "?")), " ")
}
