package restore

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Segment is a System V IPC object: it outlives the processes that made it.
type Segment struct {
	Kind    string // shm, sem, msg
	ID      int
	Creator uint32 // uid; the kernel lets nobody change it, unlike the owner
	Changed int64  // seconds since 1970; set by the kernel
}

// ipcKinds tells for each table of /proc/sysvipc where id, creator and ctime stand, and which call removes an entry.
var ipcKinds = []struct {
	kind               string
	id, creator, ctime int
	control            uintptr
}{
	{"shm", 1, 9, 13, syscall.SYS_SHMCTL},
	{"sem", 1, 6, 9, syscall.SYS_SEMCTL},
	{"msg", 1, 9, 13, syscall.SYS_MSGCTL},
}

// Segments lists the System V IPC objects of the pod.
func Segments() ([]Segment, error) {
	var all []Segment
	for _, k := range ipcKinds {
		rows, err := table("/proc/sysvipc/" + k.kind)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if len(row) <= k.ctime {
				return nil, fmt.Errorf("/proc/sysvipc/%s: %d columns", k.kind, len(row))
			}
			id, _ := strconv.Atoi(row[k.id])
			creator, _ := strconv.ParseUint(row[k.creator], 10, 32)
			changed, _ := strconv.ParseInt(row[k.ctime], 10, 64)
			all = append(all, Segment{k.kind, id, uint32(creator), changed})
		}
	}
	return all, nil
}

func table(path string) (rows [][]string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) { // a kernel without System V IPC
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] != "key" {
			rows = append(rows, fields)
		}
	}
	return rows, lines.Err()
}

// removeSegments removes this user's System V IPC objects.
func removeSegments() error {
	all, err := Segments()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Creator == uint32(os.Geteuid()) {
			err = errors.Join(err, s.remove())
		}
	}
	return err
}

func (s Segment) remove() error {
	const ipcRmid = 0
	for _, k := range ipcKinds {
		if k.kind != s.Kind {
			continue
		}
		second, third := uintptr(ipcRmid), uintptr(0)
		if s.Kind == "sem" { // semctl(id, number, command)
			second, third = 0, ipcRmid
		}
		if _, _, errno := syscall.Syscall(k.control, uintptr(s.ID), second, third); errno != 0 && errno != syscall.EINVAL && errno != syscall.EIDRM {
			return fmt.Errorf("removing %s %d: %w", s.Kind, s.ID, errno)
		}
	}
	return nil
}
