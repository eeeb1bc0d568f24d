package verify

import (
	"os"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/procs"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/wordpress"
)

func TestWhoMayRunInAWaitingPod(t *testing.T) {
	reset := 100 * time.Second
	testimony := report.Testimony{Role: "wordpress", Server: 20, KilledSinceBoot: reset}
	after, before := reset+time.Second, reset-time.Second
	for name, c := range map[string]struct {
		process  procs.Process
		expected bool
	}{
		"PID 1, older than everything":            {procs.Process{PID: 1, Started: before}, true},
		"the verifier itself":                     {procs.Process{PID: os.Getpid(), Started: after, Program: "/usr/local/bin/clone-agent"}, true},
		"Apache":                                  {procs.Process{PID: 20, Parent: 1, Started: after, Program: wordpress.Program}, true},
		"Apache's child":                          {procs.Process{PID: 21, Parent: 20, Started: after, Program: wordpress.Program}, true},
		"a probe: from outside, not to be seen":   {procs.Process{PID: 30, Started: after}, true},
		"a survivor":                              {procs.Process{PID: 19, Parent: 1, Started: before, Program: wordpress.Program}, false},
		"a survivor under the server's number":    {procs.Process{PID: 20, Parent: 1, Started: before, Program: wordpress.Program}, false},
		"a shell under Apache":                    {procs.Process{PID: 22, Parent: 20, Started: after, Program: "/bin/dash"}, false},
		"an orphan called like the agent":         {procs.Process{PID: 23, Parent: 1, Started: after, Name: "clone-agent"}, false},
		"a second Apache beside the server":       {procs.Process{PID: 24, Parent: 1, Started: after, Program: wordpress.Program}, false},
		"somebody's shell from outside":           {procs.Process{PID: 31, Started: after, Program: "/bin/bash"}, false},
		"a child of Apache that hides what it is": {procs.Process{PID: 25, Parent: 20, Started: after}, false},
	} {
		if why := unexpected(c.process, testimony); (why == "") != c.expected {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestAReportLacksNoCheck(t *testing.T) {
	for _, role := range []string{"wordpress", "mysql"} {
		checks := map[string]report.Check{}
		for _, name := range wanted(role) {
			checks[name] = report.Of(1)
		}
		if !allGood(checks, wanted(role)) {
			t.Errorf("%s: all good, and yet not", role)
		}
		for _, name := range wanted(role) {
			good := checks[name]
			delete(checks, name)
			if allGood(checks, wanted(role)) {
				t.Errorf("%s: good without %s", role, name)
			}
			checks[name] = report.Of(1, "a finding")
			if allGood(checks, wanted(role)) {
				t.Errorf("%s: good with a finding in %s", role, name)
			}
			checks[name] = good
		}
	}
}
