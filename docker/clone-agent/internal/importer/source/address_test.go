package source_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// names is a resolver that answers from a list, a different one each time.
type names struct {
	answers [][]string
	asked   int
}

func (n *names) LookupNetIP(context.Context, string, string) (out []netip.Addr, err error) {
	for _, text := range n.answers[min(n.asked, len(n.answers)-1)] {
		out = append(out, netip.MustParseAddr(text))
	}
	n.asked++
	return out, nil
}

// The control plane, which opens the network, judges addresses by the same rule and is held to the same list.
const vectors = "../../../../../tests/vectors/addresses.json"

func TestForbiddenAddresses(t *testing.T) {
	text, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	var addresses map[string][]string
	if err := json.Unmarshal(text, &addresses); err != nil {
		t.Fatal(err)
	}
	allowed := map[string][2]bool{"never": {false, false}, "private": {false, true}, "public": {true, true}}
	for kind, list := range addresses {
		for _, address := range list {
			for i, setting := range []bool{false, true} {
				j := sourcetest.Start(t, site(0)).Job()
				j.SourceURL, j.AllowPrivateSource = "https://shop.example.com", setting
				_, err := source.New(context.Background(), j, source.Options{Resolver: &names{answers: [][]string{{"93.184.215.14", address}}}})
				if (err == nil) != allowed[kind][i] {
					t.Errorf("%s with private addresses allowed %v: %v", address, setting, err)
				}
				if err != nil {
					wantCode(t, err, job.SourceInvalid)
				}
			}
		}
	}
}

func TestAddressesInTheURLAreCheckedToo(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"} {
		j := job.Job{SourceURL: "http://" + host + "/", JobKey: sourcetest.JobKey}
		_, err := source.New(context.Background(), j, source.Options{})
		wantCode(t, err, job.SourceInvalid)
	}
}

func TestTheAddressIsPinned(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	resolver := &names{answers: [][]string{{"127.0.0.1"}, {"169.254.169.254"}}}
	j := s.Job()
	j.SourceURL = strings.Replace(j.SourceURL, "127.0.0.1", "shop.example.com", 1)
	client, err := source.New(context.Background(), j, source.Options{Resolver: resolver, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := client.Preflight(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if resolver.asked != 1 {
		t.Errorf("resolved %d times", resolver.asked)
	}
}

func TestTheAddressesOfTheJobAreDialledAndNoNameIsResolved(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	resolver := &names{answers: [][]string{{"93.184.215.14"}}}
	j := s.Job()
	j.SourceURL = strings.Replace(j.SourceURL, "127.0.0.1", "shop.example.com", 1)
	j.SourceAddresses = []string{"127.0.0.1"}
	client, err := source.New(context.Background(), j, source.Options{Resolver: resolver, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Preflight(context.Background()); err != nil {
		t.Fatal(err)
	}
	if resolver.asked != 0 {
		t.Errorf("resolved %d times", resolver.asked)
	}
}

func TestTheAddressesOfTheJobAreCheckedToo(t *testing.T) {
	for _, address := range []string{"10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "no address"} {
		j := job.Job{SourceURL: "https://shop.example.com", JobKey: sourcetest.JobKey, SourceAddresses: []string{"93.184.215.14", address}}
		if _, err := source.New(context.Background(), j, source.Options{}); err == nil {
			t.Errorf("%s was accepted", address)
		}
	}
}
