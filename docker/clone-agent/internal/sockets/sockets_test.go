package sockets

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ownNetwork names in the environment the process that has a network of its own, where no other test leaves sockets.
const ownNetwork = "SOCKETS_TEST_NETWORK"

func TestInANetworkOfItsOwn(t *testing.T) {
	if os.Getenv(ownNetwork) != "" {
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a network")
	}
	again := exec.Command("/proc/self/exe", "-test.v", "-test.run=^TestNetwork")
	again.Env = append(os.Environ(), ownNetwork+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	output, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestNetwork") {
		t.Errorf("%v\n%s", err, output)
	}
}

// inOwnNetwork brings up the loopback device of the test's own network.
func inOwnNetwork(t *testing.T) {
	t.Helper()
	if os.Getenv(ownNetwork) == "" {
		t.Skip("runs in a network of its own")
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	must(t, err)
	defer syscall.Close(fd)
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Fatal(errno)
	}
}

// visit makes a connection that the visitor closes first; its end stays with the kernel.
func visit(t *testing.T, listener net.Listener) {
	t.Helper()
	visitor, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	host, err := listener.Accept()
	must(t, err)
	must(t, visitor.Close())
	time.Sleep(10 * time.Millisecond)
	must(t, host.Close())
	time.Sleep(10 * time.Millisecond)
}

func closed(t *testing.T) (all []Socket) {
	t.Helper()
	found, err := List()
	must(t, err)
	return slices.DeleteFunc(found, func(s Socket) bool { return !s.Closed })
}

func TestNetworkForgetsItsOwnConnections(t *testing.T) {
	inOwnNetwork(t)
	for _, address := range []string{"127.0.0.1:0", "127.0.0.2:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", address)
		must(t, err)
		for range 20 {
			visit(t, listener)
		}
		kept := closed(t)
		if len(kept) != 20 || kept[0].Age > 10*time.Second || kept[0].Remote != netip.MustParseAddrPort(listener.Addr().String()) {
			t.Fatalf("%s: %+v", address, kept)
		}
		if left, err := EndOwn(context.Background()); err != nil || left != 20 {
			t.Errorf("%s: %d left, %v; while a server listens there its port cannot be had", address, left, err)
		}
		must(t, listener.Close())
		if left, err := EndOwn(context.Background()); err != nil || left != 0 || len(closed(t)) > 0 {
			t.Errorf("%s: %d left, %v", address, left, err)
		}
	}
}

func TestNetworkRemembersWhomItHasMet(t *testing.T) {
	inOwnNetwork(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	visit(t, listener)
	hosts, err := Remembered()
	if err != nil || !slices.Contains(hosts, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("%v, %v", hosts, err)
	}
}

func TestATableOfSocketsIsRead(t *testing.T) {
	for line, want := range map[string]Socket{
		"1: 02004D0A:8CA4 01004D0A:1F90 06 00000000:00000000 03:0000175C 00000000 0 0 0 3 0": {
			netip.MustParseAddrPort("10.77.0.2:36004"), netip.MustParseAddrPort("10.77.0.1:8080"), 6, true, 200 * time.Millisecond,
		},
		"0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:00000000 0 33": {
			netip.MustParseAddrPort("[::]:80"), netip.MustParseAddrPort("[::]:0"), Listen, false, 0,
		},
		"2: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:C350 01 0:0 02:00000000 0 33": {
			netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort("127.0.0.1:50000"), 1, false, 0,
		},
	} {
		if got, err := parse(strings.Fields(line)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "1: x:y 0:0 06 0:0 03:1", "1: 02004D:1 01004D0A:1F90 06 0:0 03:1"} {
		if got, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func TestWhoseAddressesAreOwn(t *testing.T) {
	own, err := Own()
	must(t, err)
	for text, want := range map[string]bool{"127.0.0.1": true, "127.8.8.8": true, "::1": true, "192.0.2.1": false, "2001:db8::1": false} {
		if own(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
