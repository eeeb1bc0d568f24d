package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/mysqlctl"
	"clonepool.dev/clone-agent/internal/procs"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/restore"
	"clonepool.dev/clone-agent/internal/wordpress"
)

// startGranularity is how coarsely the kernel tells when a process started.
const startGranularity = 10 * time.Millisecond

// processes compares the process table with what may run in a pod that waits for its site.
func processes(t report.Testimony) report.Check {
	living, err := procs.List()
	if err != nil {
		return report.Failed(err)
	}
	var findings []string
	for _, p := range living {
		if why := unexpected(p, t); why != "" {
			findings = append(findings, fmt.Sprintf("process %d %s %s: %s", p.PID, manifest.Encode(p.Name), p.Program, why))
		}
	}
	return report.Of(len(living), findings...)
}

// unexpected says what is wrong with a process. Three kinds may run: PID 1; the server and its children; and the agent's
// own commands, which nobody may look into and whose parent is outside. No process of the site can have either.
func unexpected(p procs.Process, t report.Testimony) string {
	server := map[string]string{"wordpress": wordpress.Program, "mysql": mysqlctl.Program}[t.Role]
	switch {
	case p.PID == 1 || p.PID == os.Getpid():
		return ""
	case p.Started < t.KilledSinceBoot-startGranularity:
		return "older than the reset"
	case p.PID == t.Server || p.Parent == t.Server:
		if p.Program != server {
			return "not the server's program"
		}
		return ""
	case p.Parent == 0 && p.Program == "":
		return ""
	default:
		return "not expected here"
	}
}

// startOf is when a process started, on the clock of procs.SinceBoot.
func startOf(pid int) (time.Duration, error) {
	p, alive, err := procs.Find(pid)
	if err == nil && !alive {
		err = fmt.Errorf("process %d is gone", pid)
	}
	return p.Started, err
}

// ipc looks for shared memory, queues and semaphores that are older than the reset. The pod's containers share them:
// those of the other container's user are left to its own verifier.
func ipc(restored time.Time) report.Check {
	segments, err := restore.Segments()
	if err != nil {
		return report.Failed(err)
	}
	count, findings := len(segments), []string(nil)
	for _, s := range segments {
		if ours(s.Creator) && s.Changed < restored.Unix() {
			findings = append(findings, fmt.Sprintf("%s segment %d of uid %d", s.Kind, s.ID, s.Creator))
		}
	}
	for _, dir := range []string{"/dev/shm", "/dev/mqueue"} {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			return report.Failed(err)
		}
		for _, entry := range entries {
			count++
			if info, err := entry.Info(); err == nil && oldAndOurs(info, restored) {
				findings = append(findings, "extra "+manifest.Encode(filepath.Join(dir, entry.Name())))
			}
		}
	}
	return report.Of(count, findings...)
}

// oldAndOurs goes by the time of the last change of the inode: unlike the modification time nobody can set it.
func oldAndOurs(info os.FileInfo, restored time.Time) bool {
	stat := info.Sys().(*syscall.Stat_t)
	return ours(stat.Uid) && time.Unix(stat.Ctim.Sec, stat.Ctim.Nsec).Before(restored)
}

// users are those of the pod's two containers.
var users = map[uint32]bool{33: true, 999: true}

func ours(uid uint32) bool { return uid == uint32(os.Geteuid()) || !users[uid] }
