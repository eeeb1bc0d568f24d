package verify

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/report"
)

// keyrings proves by attempt that the kernel's keys are out of reach. They belong to a uid on the whole node, not to a
// container: what a site put there, every pod on the node could read, and no reset would find it.
func keyrings() report.Check {
	const getKeyringID, userKeyring = 0, -4
	calls := map[string]syscall.Errno{
		"keyctl":      attempt(syscall.SYS_KEYCTL, getKeyringID, userKeyring),
		"add_key":     attempt(syscall.SYS_ADD_KEY, 0, 0),
		"request_key": attempt(syscall.SYS_REQUEST_KEY, 0, 0),
	}
	return report.Of(len(calls), reachable(calls)...)
}

// reachable names the calls that were answered at all: with bad addresses a call that is let through fails otherwise.
func reachable(calls map[string]syscall.Errno) (findings []string) {
	for name, errno := range calls {
		if errno != syscall.EPERM && errno != syscall.ENOSYS {
			findings = append(findings, fmt.Sprintf("%s is not refused (%d): the seccomp profile is not RuntimeDefault", name, errno))
		}
	}
	return findings
}

func attempt(call uintptr, a, b int) syscall.Errno {
	_, _, errno := syscall.RawSyscall(call, uintptr(a), uintptr(b), 0)
	return errno
}

// mounts looks for places to write in that no restore knows of: a volume that somebody added to the pod's template, or that
// a container runtime made of an image's VOLUME.
func mounts(role string) report.Check {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return report.Failed(err)
	}
	defer f.Close()
	count, findings := 0, []string(nil)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		count++
		if place := fields[4]; !cleaned(role, place) && writable(place) {
			findings = append(findings, "writable "+manifest.Encode(place))
		}
	}
	return report.Of(count, findings...)
}

// cleaned says whether a restore empties the place, or nothing can be kept in it: the kernel's own file systems.
func cleaned(role, place string) bool {
	return slices.Contains(emptied(role), place) || strings.HasPrefix(place, "/proc") || strings.HasPrefix(place, "/sys")
}

// emptied lists the places that a restore empties and that themselves stay.
func emptied(role string) []string {
	return append([]string{layout.TerminationLog, volumeOf(role)}, layout.Scratch...)
}

// touched looks at these places themselves: nothing may be attached to them, and no time may be from before the kill.
func touched(role string, killed time.Time) (findings []string) {
	for _, place := range emptied(role) {
		if why := touchedPlace(place, killed); why != "" && writable(place) {
			findings = append(findings, place+": "+why)
		}
	}
	return findings
}

func touchedPlace(place string, killed time.Time) string {
	f, err := os.OpenFile(place, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if manifest.HasForeignAttributes(f) {
		return "has extended attributes"
	}
	// Where message queues lie, whole seconds are kept.
	if info, err := f.Stat(); err != nil || info.ModTime().Before(killed.Add(-startGranularity).Truncate(time.Second)) {
		return "not touched since the kill"
	}
	return ""
}

func volumeOf(role string) string {
	if role == "mysql" {
		return layout.DataVolume
	}
	return layout.SiteVolume
}

func writable(place string) bool {
	const writeOK = 2
	return syscall.Access(place, writeOK) == nil
}

// caches are in the server's shared memory and go with it: opcode cache, APCu, table and host caches. A server that is
// older than the kill would still have them.
func caches(t report.Testimony) report.Check {
	started, err := startOf(t.Server)
	if err != nil {
		return report.Failed(err)
	}
	if t.Server == 0 || started < t.KilledSinceBoot-startGranularity {
		return report.Of(1, fmt.Sprintf("the server, process %d, is older than the reset", t.Server))
	}
	return report.Of(1)
}
