// Package limits notes what governs PID 1 and notices when it changed.
//
// A site runs as the same user as PID 1, and the kernel lets one process of a user change resource limits, priority,
// scheduling, affinity and I/O class of another. What the site changed there would be inherited by the next site.
package limits

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// resources are all resource limits of Linux by number; see getrlimit(2).
var resources = []string{
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile",
	"memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
}

// Snapshot is what governs a process: its resource limits, and the scheduling of each of its threads.
type Snapshot struct {
	resources map[string]syscall.Rlimit
	oomScore  string
	threads   map[int]scheduling
}

// scheduling is kept for each thread by the kernel; new threads inherit it from the one that makes them.
type scheduling struct {
	nice, policy, priority, ioClass int
	affinity                        string
	attributes                      string // as sched_getattr has them: utilisation clamps and slices too
}

// Take notes the present state of this process. Threads that end meanwhile are left out.
func Take() (Snapshot, error) {
	oomScore, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{map[string]syscall.Rlimit{}, strings.TrimSpace(string(oomScore)), map[int]scheduling{}}
	for number, name := range resources {
		limit, err := resourceLimit(number)
		if err != nil {
			return Snapshot{}, fmt.Errorf("resource limit %s: %w", name, err)
		}
		s.resources[name] = limit
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return Snapshot{}, err
	}
	for _, task := range tasks {
		thread, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		if state, ok := schedulingOf(thread); ok {
			s.threads[thread] = state
		}
	}
	return s, nil
}

// Differences lists in words what is now otherwise than at the start: limits, and any thread that is scheduled unlike
// the first thread was then.
func (s Snapshot) Differences(now Snapshot) []string {
	var all []string
	for _, name := range resources {
		if was, is := s.resources[name], now.resources[name]; was != is {
			all = append(all, fmt.Sprintf("limit %s is %d/%d, was %d/%d", name, is.Cur, is.Max, was.Cur, was.Max))
		}
	}
	if s.oomScore != now.oomScore {
		all = append(all, fmt.Sprintf("oom_score_adj is %s, was %s", now.oomScore, s.oomScore))
	}
	was := s.threads[os.Getpid()]
	for thread, is := range now.threads {
		if is != was {
			all = append(all, fmt.Sprintf("thread %d is scheduled as %+v, was %+v", thread, is, was))
		}
	}
	slices.Sort(all)
	return all
}

// resourceLimit asks the kernel itself: syscall.Getrlimit hides the soft limit of open files that Go raises at start.
func resourceLimit(number int) (limit syscall.Rlimit, err error) {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, uintptr(number), 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno != 0 {
		return limit, errno
	}
	return limit, nil
}

func schedulingOf(thread int) (s scheduling, ok bool) {
	const ioprioWhoProcess = 1
	id := uintptr(thread)
	var mask [128]byte // 1024 processors
	nice, errNice := call(syscall.SYS_GETPRIORITY, syscall.PRIO_PROCESS, id, 0)
	policy, errPolicy := call(syscall.SYS_SCHED_GETSCHEDULER, id, 0, 0)
	var priority int32
	_, errParam := call(syscall.SYS_SCHED_GETPARAM, id, uintptr(unsafe.Pointer(&priority)), 0)
	size, errMask := call(syscall.SYS_SCHED_GETAFFINITY, id, uintptr(len(mask)), uintptr(unsafe.Pointer(&mask[0])))
	ioClass, errIO := call(syscall.SYS_IOPRIO_GET, ioprioWhoProcess, id, 0)
	for _, err := range []syscall.Errno{errNice, errPolicy, errParam, errMask, errIO} {
		if err != 0 {
			return scheduling{}, false
		}
	}
	affinity := fmt.Sprintf("%x", mask[:min(size, len(mask))])
	return scheduling{20 - nice, policy, int(priority), ioClass, affinity, attributesOf(id)}, true
}

// getAttributes is the number of sched_getattr, which the syscall package does not know.
var getAttributes = map[string]uintptr{"amd64": 315, "arm64": 275}[runtime.GOARCH]

// attributesOf is struct sched_attr in hex, empty where the kernel or the seccomp profile does not give it.
func attributesOf(thread uintptr) string {
	var attributes [56]byte
	if getAttributes == 0 {
		return ""
	}
	pointer := uintptr(unsafe.Pointer(&attributes[0]))
	if _, _, errno := syscall.RawSyscall6(getAttributes, thread, pointer, uintptr(len(attributes)), 0, 0, 0); errno != 0 {
		return ""
	}
	return fmt.Sprintf("%x", attributes)
}

func call(number, a, b, c uintptr) (int, syscall.Errno) {
	result, _, errno := syscall.RawSyscall(number, a, b, c)
	return int(result), errno
}
