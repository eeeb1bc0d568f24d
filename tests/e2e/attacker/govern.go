package main

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// govern changes one of the things that rule PID 1 and all that it starts. It says "refused" where the kernel does.
func govern(what string) any {
	const initial, ioprioSet, idleClass = 1, 251, 3 << 13
	var errno syscall.Errno
	switch what {
	case "priority":
		_, _, errno = syscall.RawSyscall(syscall.SYS_SETPRIORITY, syscall.PRIO_PROCESS, initial, 7)
	case "limit":
		limit := syscall.Rlimit{Cur: 777, Max: 777}
		_, _, errno = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, initial, syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	case "affinity":
		mask := [128]byte{1}
		_, _, errno = syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, initial, 8, uintptr(unsafe.Pointer(&mask)))
	case "scheduler":
		var none int32
		const batch = 3
		_, _, errno = syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, initial, batch, uintptr(unsafe.Pointer(&none)))
	case "disk":
		_, _, errno = syscall.RawSyscall(ioprioSet, 1, initial, idleClass)
	case "memory":
		if os.WriteFile("/proc/1/oom_score_adj", []byte("1000"), 0) != nil {
			errno = syscall.EACCES
		}
	default:
		return "unknown"
	}
	if errno != 0 {
		return "refused"
	}
	return "done"
}

// signalInit sends PID 1 signals by number. The kernel lets it; what becomes of them is PID 1's own affair.
func signalInit(numbers []string) any {
	for _, text := range numbers {
		number, _ := strconv.Atoi(text)
		_ = syscall.Kill(1, syscall.Signal(number))
	}
	return len(numbers)
}
