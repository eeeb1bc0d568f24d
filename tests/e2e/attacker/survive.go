package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const comets = 8

func seconds(args []string) time.Duration {
	number, _ := strconv.Atoi(args[0])
	return time.Duration(number) * time.Second
}

func keys(set map[string]bool) []string {
	all := []string{}
	for key := range set {
		all = append(all, key)
	}
	return all
}

// start runs this program again, in a session of its own and with nobody to wait for it.
func start(args ...string) *exec.Cmd {
	again := exec.Command("/proc/self/exe", args...)
	again.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = again.Start()
	return again
}

// survive leaves processes of every kind that is hard to end; `name` stands in the command line of each.
func survive(name string) any {
	start("linger", name)
	start("threads", name)
	stopped := start("linger", name)
	time.Sleep(100 * time.Millisecond)
	_ = syscall.Kill(stopped.Process.Pid, syscall.SIGSTOP)
	for range comets {
		start("comet", name)
	}
	return "left"
}

// linger ignores whatever can be ignored.
func linger() any {
	signal.Ignore()
	for {
		time.Sleep(time.Second)
	}
}

// threads is a process of many threads whose first one has ended.
func threads() any {
	signal.Ignore()
	for range 30 {
		go func() {
			for {
				_ = syscall.Pause()
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0) // of this thread alone
	return nil
}

// comet is gone before anybody can end it by its number: it starts the next one and ends.
func comet(args []string) any {
	time.Sleep(2 * time.Millisecond)
	start(append([]string{"comet"}, args...)...)
	return nil
}

// bomb takes all processes that the pod may have, and keeps trying.
func bomb() any {
	signal.Ignore()
	for {
		again := exec.Command("/proc/self/exe", "linger")
		if again.Start() != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// running counts the processes in whose command line a name stands, but for this one and those that it descends from.
func running(name string) any {
	ours := map[int]bool{}
	for pid := os.Getpid(); pid > 0; pid = parentOf(pid) {
		ours[pid] = true
	}
	count := 0
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, _ := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if bytes.Contains(line, []byte(name)) && !ours[pid] {
			count++
		}
	}
	return count
}

// parentOf is 0 for PID 1, and for what was started from outside of the container.
func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}
