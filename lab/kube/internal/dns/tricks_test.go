package dns

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func addresses(t *testing.T, r *Resolver, name string, kind dnsmessage.Type) []netip.Addr {
	t.Helper()
	packed, err := r.Answer(t.Context(), "udp", query(t, name, kind))
	if err != nil {
		t.Fatal(err)
	}
	var answer dnsmessage.Message
	if err := answer.Unpack(packed); err != nil {
		t.Fatal(err)
	}
	var found []netip.Addr
	for _, record := range answer.Answers {
		switch body := record.Body.(type) {
		case *dnsmessage.AResource:
			found = append(found, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			found = append(found, netip.AddrFrom16(body.AAAA))
		}
	}
	return found
}

func parsed(texts ...string) (all []netip.Addr) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

func TestATrickSaysItsAddressesInItsName(t *testing.T) {
	const mapped = "v6-00000000000000000000ffff7f000001"
	for name, wanted := range map[string]struct{ v4, v6 []netip.Addr }{
		"169-254-169-254.tricks.test.":           {v4: parsed("169.254.169.254")},
		"any.10-0-0-1.127-0-0-1.TRICKS.test.":    {v4: parsed("10.0.0.1", "127.0.0.1")},
		mapped + ".tricks.test.":                 {v6: parsed("::ffff:127.0.0.1")},
		"10-0-0-1." + mapped + ".x.tricks.test.": {v4: parsed("10.0.0.1"), v6: parsed("::ffff:127.0.0.1")},
		"nothing.tricks.test.":                   {},
	} {
		r := resolver(unreachable)
		if found := addresses(t, r, name, dnsmessage.TypeA); !slices.Equal(found, wanted.v4) {
			t.Errorf("%s has the addresses %v, not %v", name, found, wanted.v4)
		}
		if found := addresses(t, r, name, dnsmessage.TypeAAAA); !slices.Equal(found, wanted.v6) {
			t.Errorf("%s has the addresses %v, not %v", name, found, wanted.v6)
		}
	}
}

func TestTurnsChangeTheAddressBetweenQuestions(t *testing.T) {
	const name = "a.10-99-0-1.127-0-0-1.turns.tricks.test."
	r := resolver(unreachable)
	for _, wanted := range []string{"10.99.0.1", "127.0.0.1", "127.0.0.1"} {
		addresses(t, r, name, dnsmessage.TypeAAAA) // a resolver asks for both kinds
		if found := addresses(t, r, name, dnsmessage.TypeA); !slices.Equal(found, parsed(wanted)) {
			t.Fatalf("%v, not %s", found, wanted)
		}
	}
	if found := addresses(t, r, "b"+name[1:], dnsmessage.TypeA); !slices.Equal(found, parsed("10.99.0.1")) {
		t.Fatalf("another name begins anew, and answers %v", found)
	}
}
