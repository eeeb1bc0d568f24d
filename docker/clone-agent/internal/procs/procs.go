// Package procs lists the processes of the container from /proc, and ends them.
package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is one line of the process table.
type Process struct {
	PID, Parent int           // Parent is 0 for PID 1 and for what was started from outside (kubectl exec, a probe)
	Name        string        // as the process calls itself: a hint, no proof
	Started     time.Duration // since the machine started
	Program     string        // path of its executable; empty if it may not be looked at, as with clone-agent itself
}

// ticksPerSecond is the unit of /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// List returns the living processes. What has ended and only waits for its parent is left out.
func List() ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var living []Process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		p, alive, err := read(pid)
		if err != nil {
			return nil, err
		}
		if alive {
			living = append(living, p)
		}
	}
	return living, nil
}

// Find looks at one process; a zombie is not there.
func Find(pid int) (p Process, alive bool, err error) { return read(pid) }

func read(pid int) (p Process, alive bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if gone(err) {
		return Process{}, false, nil
	}
	if err != nil {
		return Process{}, false, err
	}
	p, state, err := parseStat(string(text))
	if err != nil {
		return Process{}, false, err
	}
	if state == 'Z' && !threadsAlive(pid) {
		return Process{}, false, nil
	}
	p.Program, _ = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return p, true, nil
}

// parseStat reads a line of /proc/PID/stat. The name stands in brackets and may hold brackets and spaces itself.
func parseStat(text string) (p Process, state byte, err error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Process{}, 0, fmt.Errorf("unreadable process entry %q", text)
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 20 {
		return Process{}, 0, fmt.Errorf("short process entry %q", text)
	}
	p.Name = text[open+1 : end]
	p.PID, _ = strconv.Atoi(strings.TrimSpace(text[:open]))
	p.Parent, _ = strconv.Atoi(fields[1])
	ticks, _ := strconv.ParseInt(fields[19], 10, 64)
	p.Started = time.Duration(ticks) * time.Second / ticksPerSecond
	return p, fields[0][0], nil
}

// threadsAlive looks behind a zombie: the first thread of a process can end while others go on.
func threadsAlive(pid int) bool {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, _ := os.ReadDir(dir)
	for _, t := range threads {
		text, err := os.ReadFile(dir + "/" + t.Name() + "/stat")
		if err != nil {
			continue
		}
		if _, state, err := parseStat(string(text)); err == nil && state != 'Z' && state != 'X' {
			return true
		}
	}
	return false
}

// gone says that a process ended while it was looked at: the kernel answers ENOENT or ESRCH, by the moment.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}
