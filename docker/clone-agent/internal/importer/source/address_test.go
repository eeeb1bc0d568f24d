package source_test

import (
	"context"
	"net/netip"
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

func TestForbiddenAddresses(t *testing.T) {
	always := "169.254.169.254 0.0.0.0 224.0.0.1 255.255.255.255 fe80::1 fd00:ec2::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: :: ::ffff:0:a9fe:a9fe ::a9fe:a9fe 2001:0:4136:e378:8000:63bf:5601:5601"
	private := "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 ::1 fc00::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ::ffff:0:a00:1 ::ffff:0:7f00:1 ::7f00:1 64:ff9b::c0a8:1 2002:c0a8:101::1 2001:0:4136:e378:8000:63bf:3f57:fefe"
	public := "93.184.215.14 2606:2800:21f:cb07:6820:80da:af6b:8b2c 172.32.0.1 100.128.0.1 ::ffff:0:5db8:d70e 64:ff9b::5db8:d70e"
	for text, allowed := range map[string][2]bool{always: {false, false}, private: {false, true}, public: {true, true}} {
		for _, address := range strings.Fields(text) {
			for i, setting := range []bool{false, true} {
				j := sourcetest.Start(t, site(0)).Job()
				j.SourceURL, j.AllowPrivateSource = "https://shop.example.com", setting
				_, err := source.New(context.Background(), j, source.Options{Resolver: &names{answers: [][]string{{"93.184.215.14", address}}}})
				if (err == nil) != allowed[i] {
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
