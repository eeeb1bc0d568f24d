package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// Numbers of x86-64, as the lab's.
const (
	ptraceSeize     = 0x4206
	processVMReadv  = 310
	processVMWritev = 311
	addressOfCode   = 0x400000 // where a static Go program lies
)

// trace tries for some seconds to look into PID 1 and every command that comes from outside, the verifier among them.
func trace(howLong time.Duration) any {
	tried, got := map[int]bool{}, map[string]bool{}
	for end := time.Now().Add(howLong); time.Now().Before(end); {
		for _, pid := range agents() {
			tried[pid] = true
			for what, attempt := range looks {
				if attempt(pid) && isAgent(pid) { // still: what is being started may have been another program's beginning
					got[what] = true
				}
			}
		}
	}
	delete(tried, 1)
	return map[string]any{"others": len(tried), "got": keys(got)}
}

// isAgent says whether a process is the agent's, by the name that the kernel shows to everybody.
func isAgent(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && string(name) == "clone-agent\n"
}

// agents are PID 1 and whatever of the agent has a parent outside of the container.
func agents() (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range names {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if isAgent(pid) && parentOf(pid) == 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// looks are the ways into another process; each says whether it was let in.
var looks = map[string]func(pid int) bool{
	"ptrace attach": func(pid int) bool { return traced(syscall.PTRACE_ATTACH, pid) },
	"ptrace seize":  func(pid int) bool { return traced(ptraceSeize, pid) },
	"vm read":       func(pid int) bool { return transferred(processVMReadv, pid) },
	"vm write":      func(pid int) bool { return transferred(processVMWritev, pid) },
	"mem":           func(pid int) bool { return opened(pid, "mem", os.O_RDWR) || opened(pid, "mem", os.O_RDONLY) },
	"environ":       func(pid int) bool { return readable(pid, "environ") },
	"maps":          func(pid int) bool { return readable(pid, "maps") },
	"auxv":          func(pid int) bool { return readable(pid, "auxv") },
	"open files":    func(pid int) bool { return listed(pid, "fd") },
	"root":          func(pid int) bool { return listed(pid, "root") },
	"oom_score_adj": func(pid int) bool { return opened(pid, "oom_score_adj", os.O_WRONLY) },
	"its program":   func(int) bool { _, err := os.ReadFile("/usr/local/bin/clone-agent"); return err == nil },
}

func traced(request, pid int) bool {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(pid), 0, 0, 0, 0)
	if errno == 0 {
		_ = syscall.PtraceDetach(pid)
	}
	return errno == 0
}

func transferred(call uintptr, pid int) bool {
	var byteOf [1]byte
	here := syscall.Iovec{Base: &byteOf[0], Len: 1}
	there := struct{ base, length uintptr }{addressOfCode, 1}
	_, _, errno := syscall.RawSyscall6(call, uintptr(pid), uintptr(unsafe.Pointer(&here)), 1, uintptr(unsafe.Pointer(&there)), 1, 0)
	return errno == 0 || errno == syscall.EFAULT // it was let in and found nothing there
}

func opened(pid int, name string, flags int) bool {
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/%s", pid, name), flags, 0)
	if err == nil {
		f.Close()
	}
	return err == nil
}

func readable(pid int, name string) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	return err == nil && len(text) > 0
}

func listed(pid int, name string) bool {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, name))
	return err == nil && len(entries) > 0
}
