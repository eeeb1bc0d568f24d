package dns

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"sync"
)

// tricksZone is where a host's name says its addresses, so that a test can have a source anywhere it should not be:
//
//	10-99-0-1.tricks.test                       10.99.0.1
//	v6-00000000000000000000ffff7f000001....     ::ffff:127.0.0.1, as an AAAA record
//	10-99-0-1.127-0-0-1.tricks.test             both
//	10-99-0-1.127-0-0-1.turns.tricks.test       the first one for the first question, then the second
//
// Other labels only make a name another one.
const tricksZone = ".tricks.test"

const turns = "turns"

// tricks remembers how often a name with turns was asked for.
type tricks struct {
	mu    sync.Mutex
	asked map[string]int
}

// lookup returns the addresses of a name in the zone; wanted chooses the kind.
func (t *tricks) lookup(host string, wanted func(netip.Addr) bool) ([]netip.Addr, bool) {
	inside, ok := strings.CutSuffix(host, tricksZone)
	if !ok {
		return nil, false
	}
	var all, found []netip.Addr
	inTurn := false
	for label := range strings.SplitSeq(inside, ".") {
		if address, ok := addressOf(label); ok {
			all = append(all, address)
			if wanted(address) {
				found = append(found, address)
			}
		}
		inTurn = inTurn || label == turns
	}
	if inTurn && len(found) > 0 {
		found = found[t.turn(host, len(found)):][:1]
	}
	return found, len(all) > 0
}

// turn counts a question for host, and says the number of its answer: 0, 1 ... and then last-1 for ever.
func (t *tricks) turn(host string, last int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = map[string]int{}
	}
	n := t.asked[host]
	t.asked[host]++
	return min(n, last-1)
}

func addressOf(label string) (netip.Addr, bool) {
	if digits, ok := strings.CutPrefix(label, "v6-"); ok {
		bytes, err := hex.DecodeString(digits)
		if err != nil || len(bytes) != 16 {
			return netip.Addr{}, false
		}
		return netip.AddrFrom16([16]byte(bytes)), true
	}
	address, err := netip.ParseAddr(strings.ReplaceAll(label, "-", "."))
	return address, err == nil && address.Is4()
}
