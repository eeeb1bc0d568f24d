package dns

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

type names struct{}

func (names) HasHost(host string) bool { return host == "acme.clones.test" }

func (names) ServiceAddresses(namespace, name string) []net.IP {
	if namespace == "wordpress-staging" && name == "acme" {
		return []net.IP{net.ParseIP("10.96.0.7")}
	}
	return nil
}

var errUnreachable = errors.New("unreachable")

func resolver(forward Forwarder) *Resolver {
	return &Resolver{Names: names{}, Ingress: net.ParseIP("10.99.0.1"), Zones: []string{"cluster.local", "test"}, Forward: forward}
}

func unreachable(context.Context, string, []byte) ([]byte, error) { return nil, errUnreachable }

func query(t *testing.T, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
	packed, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func ask(t *testing.T, name string, kind dnsmessage.Type) dnsmessage.Message {
	t.Helper()
	packed, err := resolver(unreachable).Answer(t.Context(), "udp", query(t, name, kind))
	if err != nil {
		t.Fatal(err)
	}
	var answer dnsmessage.Message
	if err := answer.Unpack(packed); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestServicesAndIngressHostsHaveAddresses(t *testing.T) {
	for name, wanted := range map[string][4]byte{
		"acme.wordpress-staging.svc.cluster.local.": {10, 96, 0, 7},
		"acme.clones.test.":                         {10, 99, 0, 1},
		"ACME.clones.TEST.":                         {10, 99, 0, 1},
	} {
		answer := ask(t, name, dnsmessage.TypeA)
		if answer.ID != 7 || answer.RCode != dnsmessage.RCodeSuccess || len(answer.Answers) != 1 {
			t.Fatalf("%s: %v", name, answer)
		}
		if record, ok := answer.Answers[0].Body.(*dnsmessage.AResource); !ok || record.A != wanted {
			t.Errorf("%s: %v, not %v", name, answer.Answers[0].Body, wanted)
		}
	}
}

func TestAKnownNameHasNoRecordsOfOtherTypes(t *testing.T) {
	answer := ask(t, "acme.clones.test.", dnsmessage.TypeAAAA)
	if answer.RCode != dnsmessage.RCodeSuccess || len(answer.Answers) != 0 {
		t.Fatalf("%v", answer)
	}
}

func TestUnknownNamesOfOurZonesAreNeverForwarded(t *testing.T) {
	for _, name := range []string{"none.wordpress-staging.svc.cluster.local.", "other.clones.test.", "pypi.org.default.svc.cluster.local."} {
		if answer := ask(t, name, dnsmessage.TypeA); answer.RCode != dnsmessage.RCodeNameError {
			t.Errorf("%s: %v", name, answer.RCode)
		}
	}
}

func TestTheRestIsAnsweredByTheMachinesResolver(t *testing.T) {
	asked, answered := query(t, "example.com.", dnsmessage.TypeA), []byte("as it is")
	forward := func(_ context.Context, network string, message []byte) ([]byte, error) {
		if network != "tcp" || !bytes.Equal(message, asked) {
			t.Errorf("forwarded %q by %s", message, network)
		}
		return answered, nil
	}
	answer, err := resolver(forward).Answer(t.Context(), "tcp", asked)
	if err != nil || !bytes.Equal(answer, answered) {
		t.Fatalf("answer %q, error %v", answer, err)
	}
}

func TestAResolverThatDoesNotAnswerIsAServerFailure(t *testing.T) {
	if answer := ask(t, "example.com.", dnsmessage.TypeA); answer.RCode != dnsmessage.RCodeServerFailure {
		t.Fatalf("%v", answer.RCode)
	}
}

func TestNoiseIsNoQuery(t *testing.T) {
	if _, err := resolver(unreachable).Answer(t.Context(), "udp", []byte("noise")); err == nil {
		t.Fatal("no error")
	}
}

func TestTheLabsOwnAddressIsNoUpstream(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	text := "# comment\nsearch example.org\nnameserver 10.99.0.1\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	servers, err := nameservers(file, "10.99.0.1:53")
	if err != nil || !slices.Equal(servers, []string{"192.0.2.53:53", "[2001:db8::53]:53"}) {
		t.Fatalf("servers %v, error %v", servers, err)
	}
}

func TestFramesKeepMessagesApart(t *testing.T) {
	var stream bytes.Buffer
	for _, message := range []string{"first", "second"} {
		if err := writeFramed(&stream, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	for _, wanted := range []string{"first", "second"} {
		if message, err := readFramed(&stream); err != nil || string(message) != wanted {
			t.Fatalf("message %q, error %v", message, err)
		}
	}
}
