package pid1

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/report"
)

func TestTheFirstStartRestoresAndServes(t *testing.T) {
	c := newContainer(t)
	c.write(volume+"/left-by-somebody", "")
	c.start()
	c.await("waiting for the Secret", func() bool { return c.status().Phase == report.PhaseWaiting })
	c.want(1)
	said := c.awaitSettled(1)
	if !c.exists(pristine) || c.exists(volume+"/left-by-somebody") {
		t.Error("the volume was not restored")
	}
	if said.KilledAt == nil || said.RestoredAt == nil || said.CrashRestarts != 0 || !said.Checks["limits"].OK {
		t.Errorf("testimony %+v", said)
	}
	if c.status().Phase != report.PhaseServing {
		t.Errorf("status %+v", c.status())
	}
}

func TestANewGenerationKillsEverythingAndForgetsEverything(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	canaries := []string{volume + "/canary", "/tmp/canary", "/dev/shm/canary", "/run/clone/canary"}
	for _, path := range canaries {
		c.write(path, "customer data")
	}
	c.tell("run ipcmk --shmem 4096 && ipcmk --semaphore 1 && ipcmk --queue")
	c.tell("run setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' >/dev/null 2>&1 &")
	// Processes that are gone before anybody can kill them by number: each forks its successor and ends.
	c.tell("run for i in 1 2 3 4 5 6 7 8; do setsid sh -c 'comet() { comet & }; comet' >/dev/null 2>&1 & done")
	c.await("the daemon runs", func() bool { return c.processes() > 3 })

	c.want(2)
	said := c.awaitSettled(2)
	c.await("PID 1 and its server alone", func() bool { return c.processes() == 2 })
	for _, path := range canaries {
		if c.exists(path) {
			t.Errorf("%s survived", path)
		}
	}
	c.tell("run ipcs --all | grep '^0x' > /ipcs || true")
	if left := c.read("/ipcs"); left != "" {
		t.Errorf("IPC objects survived: %s", left)
	}
	if said.Checks["proved"].Detail != "after 1" {
		t.Errorf("the proof did not get the Secret before: %+v", said.Checks)
	}
}

func TestAServerThatDiesIsStartedAgainOnTheSameData(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	c.write(volume+"/data", "")
	for crash := 1; crash <= 4; crash++ { // more than once: a daemon may hold the port from the third on
		c.tell("die")
		c.await("the server answers again", func() bool {
			return c.status().Restarts == crash && c.status().Phase == report.PhaseServing
		})
	}
	if !c.exists(volume + "/data") {
		t.Error("a crash of the server lost data")
	}
	if said := c.testimony(1); said.CrashRestarts != 4 || !said.Settled {
		t.Errorf("testimony %+v", said)
	}
}

func TestACrashOfPID1KeepsTheDataOfItsGeneration(t *testing.T) {
	c := newContainer(t)
	c.want(7)
	c.start()
	c.awaitSettled(7)
	c.write(volume+"/data", "")
	c.crash()
	c.start()
	c.await("serving again", func() bool { return c.status().Phase == report.PhaseServing })
	if !c.exists(volume + "/data") {
		t.Error("the crash lost data")
	}
	if c.testimony(7).Settled {
		t.Error("kept data was called settled")
	}
}

func TestWhatACrashDoesNotKeep(t *testing.T) {
	for name, between := range map[string]func(c *container){
		"data of another generation":     func(c *container) { c.want(8) },
		"data without a mark":            func(c *container) { c.remove(volume + "/" + layout.Mark) },
		"data under a forged mark":       func(c *container) { c.write(volume+"/"+layout.Mark, "8\n"); c.want(8) },
		"data under a link for the mark": func(c *container) { c.link(volume + "/" + layout.Mark) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			c.want(7)
			c.start()
			c.awaitSettled(7)
			c.write(volume+"/data", "")
			c.crash()
			between(c)
			c.start()
			c.await("settled", func() bool { return c.testimony(7).Settled || c.testimony(8).Settled })
			if c.exists(volume + "/data") {
				t.Error("kept")
			}
		})
	}
}

// brokenOff is a container of generation 7 whose agent was killed in an import that had left something.
func brokenOff(t *testing.T, leave func(*container)) *container {
	c := newContainer(t)
	c.want(7)
	c.start()
	c.awaitSettled(7)
	c.write(volume+"/data", "")
	c.write(volume+"/"+layout.ImportingMark, "")
	leave(c)
	c.crash()
	c.start()
	c.await("serving again", func() bool { return c.status().Phase == report.PhaseServing })
	return c
}

func TestABrokenOffImportLeavesNothingToProve(t *testing.T) {
	c := brokenOff(t, func(*container) {})
	if c.exists(volume + "/data") {
		t.Error("kept what was imported in part")
	}
	said := c.testimony(7)
	if _, asked := said.Checks["proved"]; asked || said.Settled {
		t.Errorf("the pristine pod was looked for, though the other container keeps its data: %+v", said)
	}
	c.want(8)
	c.awaitSettled(8)
}

// An import goes on where its agent was killed: what is there of it stays, until another generation comes.
func TestABrokenOffImportWithAJournalIsKept(t *testing.T) {
	c := brokenOff(t, func(c *container) {
		must(t, os.Mkdir(c.path(volume+"/"+layout.JournalDir), 0o700))
		c.write(volume+"/"+layout.JournalHead, "{}")
	})
	if !c.exists(volume + "/data") {
		t.Fatal("what was imported in part is gone")
	}
	if said := c.testimony(7); said.Settled {
		t.Errorf("the remains of an import were taken for a pristine pod: %+v", said)
	}
	c.follow(importRequest(7), 2)
	if !c.exists(volume+"/"+layout.ImportingMark) || c.read(importStarts) != "." {
		t.Error("the import does not go on")
	}
	c.want(8)
	c.awaitSettled(8)
	if c.exists(volume+"/data") || c.exists(volume+"/"+layout.JournalDir) {
		t.Error("the next generation found them")
	}
}

func TestAChangeDuringARestoreStartsAgainForTheNewest(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	c.write(restoreHangs, "")
	c.want(2)
	c.await("restoring 2", func() bool { s := c.status(); return s.Generation == 2 && s.Phase == report.PhaseRestoring })
	if c.exists(volume + "/" + layout.Mark) {
		t.Error("the mark stands while the volume is being restored")
	}
	if c.testimony(2).Settled {
		t.Error("settled before it was restored")
	}
	c.remove(restoreHangs)
	c.want(3)
	c.awaitSettled(3)
	if c.testimony(2).Settled {
		t.Error("answered for an old generation")
	}
}

func TestAGenerationNeverGoesBack(t *testing.T) {
	c := newContainer(t)
	c.want(5)
	c.start()
	c.awaitSettled(5)
	c.want(4)
	c.want(6)
	c.awaitSettled(6)
	if strings.Contains(c.read("/log"), `"generation":4`) {
		t.Error("an older generation was served")
	}
}

func TestAFailedRestoreIsTriedAgain(t *testing.T) {
	c := newContainer(t)
	c.write(restoreFails, "")
	c.want(1)
	c.start()
	c.await("failed, with the reason", func() bool {
		s := c.status()
		return s.Phase == report.PhaseFailed && strings.Contains(s.Detail, "this restore fails")
	})
	c.remove(restoreFails)
	c.awaitSettled(1)
}

func TestChangedLimitsOfPID1AreFound(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	for change, finding := range map[string]string{
		"prlimit --pid 1 --core=0:0":                        "limit core",
		"renice --priority 5 --pid 1":                       "thread 1 is scheduled",
		"ionice --class 3 --pid 1":                          "thread 1 is scheduled",
		"chrt --batch --pid 0 $(ls /proc/1/task | tail -1)": "is scheduled",
	} {
		c.tell("run " + change)
		if found := strings.Join(c.testimony(1).Checks["limits"].Findings, "; "); !strings.Contains(found, finding) {
			t.Errorf("%s: found %q", change, found)
		}
	}
}

func TestTERMEndsEverythingAtOnce(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	must(t, c.init.Process.Signal(syscall.SIGTERM))
	if err := c.init.Wait(); err != nil {
		t.Errorf("PID 1 ended with %v", err)
	}
}

func TestTheSocketOfAnotherProcessIsNotBelieved(t *testing.T) {
	c := newContainer(t)
	c.start()
	c.await("listening", func() bool { return c.status().Phase != "" })
	ctx, cancel := withTimeout()
	defer cancel()
	// Seen from outside its namespace, the agent is not process 1.
	if _, err := control.Ask(ctx, c.path(layout.Socket), control.Request{Command: control.Status}); !errors.Is(err, control.ErrImpostor) {
		t.Errorf("error %v, want ErrImpostor", err)
	}
}

func TestTheSiteMayAskForFilesAndNothingElse(t *testing.T) {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	for _, command := range []string{control.Import, control.Verify, control.Status, control.Probe} {
		if answer := c.tell(`ask {"command": "` + command + `", "generation": 1}`); !strings.Contains(answer, control.OutsideOnly) {
			t.Errorf("%s: %s", command, answer)
		}
	}
	if answer := c.tell(`ask {"command": "fetch", "path": "a.jpg"}`); !strings.Contains(answer, control.NotReady) {
		t.Errorf("fetch: %s", answer)
	}
}
