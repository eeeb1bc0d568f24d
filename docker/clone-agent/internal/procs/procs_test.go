package procs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestKillOthersRefusesOutsidePID1(t *testing.T) {
	if err := KillOthers(context.Background()); !errors.Is(err, ErrNotInit) {
		t.Errorf("error %v, want ErrNotInit", err)
	}
}

func TestAProcessNameCannotForgeItsEntry(t *testing.T) {
	line := "17 (a) S 1 (b) R 1 17 17 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0 0"
	p, state, err := parseStat(line)
	if err != nil || p.PID != 17 || p.Name != "a) S 1 (b" || state != 'R' || p.Parent != 1 || p.Started != 123450*time.Millisecond {
		t.Errorf("parsed %+v in state %c, %v", p, state, err)
	}
	for _, broken := range []string{"", "17 a S", "17 (a) S 1"} {
		if _, _, err := parseStat(broken); err == nil {
			t.Errorf("%q accepted", broken)
		}
	}
}

func TestTheListShowsOurselvesAndOurChildren(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	defer func() { _ = child.Process.Kill() }()
	now, err := SinceBoot()
	if err != nil {
		t.Fatal(err)
	}
	living, err := List()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]Process{}
	for _, p := range living {
		seen[p.PID] = p
	}
	self, sleeper := seen[os.Getpid()], seen[child.Process.Pid]
	if self.Program == "" || sleeper.Parent != os.Getpid() || sleeper.Started < self.Started || sleeper.Started > now {
		t.Errorf("ourselves %+v, our child %+v, now %v", self, sleeper, now)
	}
}

func TestAZombieIsNotAlive(t *testing.T) {
	child := exec.Command("true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	for {
		_, alive, err := read(child.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if !alive {
			return // it has ended and nobody has waited for it
		}
	}
}
