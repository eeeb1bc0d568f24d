package source_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/sockets"
)

// kept counts the connections to a source that the kernel keeps after their end.
func kept(t *testing.T, s *sourcetest.Server) (count int) {
	t.Helper()
	all, err := sockets.List()
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(s.Listener.Addr().String())
	for _, socket := range all {
		if socket.Closed && socket.Remote == address {
			count++
		}
	}
	return count
}

func TestTheSourcesAddressDoesNotStayInThePod(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	client := dial(t, s)
	if _, err := client.Preflight(context.Background()); err != nil {
		t.Fatal(err)
	}
	client.Close()
	time.Sleep(200 * time.Millisecond) // the source closes its end, too
	if count := kept(t, s); count > 0 {
		t.Errorf("the kernel keeps %d connections to the source", count)
	}
}
