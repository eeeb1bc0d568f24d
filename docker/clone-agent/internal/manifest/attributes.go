package manifest

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"syscall"
	"unsafe"
)

const (
	fsGetFlags = 0x80086601 // FS_IOC_GETFLAGS on 64-bit Linux
	fsSetFlags = 0x40086602 // FS_IOC_SETFLAGS

	// settableFlags are those which an owner can set on a file (chattr): FS_FL_USER_MODIFIABLE of linux/fs.h. Others,
	// such as "uses extents", belong to the file system.
	settableFlags = 0x000380FF
)

// hasAttributes says whether an open object carries anything that its mode, size and content do not show:
// extended attributes, access control lists, inode flags. A label of the node's security module is not the site's.
func hasAttributes(f *os.File) bool {
	return len(attributes(f)) > 0 || inodeFlags(f)&settableFlags != 0 || hasHints(f)
}

// HasForeignAttributes says whether an open object carries anything that the user of this process could have attached to it:
// to his own all that hasAttributes finds, to another's that he may write to extended attributes of the kind "user".
func HasForeignAttributes(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Sys().(*syscall.Stat_t).Uid == uint32(os.Geteuid()) {
		return err != nil || hasAttributes(f)
	}
	return slices.ContainsFunc(attributes(f), func(name string) bool {
		return strings.HasPrefix(name, "user.") || strings.HasPrefix(name, unreadable)
	})
}

// ClearAttributes removes what hasAttributes finds, as far as an owner can.
func ClearAttributes(f *os.File) {
	for _, name := range attributes(f) {
		text := append([]byte(name), 0)
		_, _, _ = syscall.Syscall(syscall.SYS_FREMOVEXATTR, f.Fd(), uintptr(unsafe.Pointer(&text[0])), 0)
	}
	if flags := inodeFlags(f); flags&settableFlags != 0 {
		flags &^= settableFlags
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), fsSetFlags, uintptr(unsafe.Pointer(&flags)))
	}
}

// unreadable begins what attributes returns in place of a list that cannot be had.
const unreadable = "unreadable: "

func attributes(f *os.File) []string {
	size, _, errno := syscall.Syscall(syscall.SYS_FLISTXATTR, f.Fd(), 0, 0)
	if errno != 0 && errno != syscall.ENOTSUP {
		return []string{unreadable + errno.Error()}
	}
	if errno != 0 || size == 0 { // nearly always; only then is a buffer worth its memory
		return nil
	}
	buffer := make([]byte, 64<<10) // the kernel's limit for a list
	n, _, errno := syscall.Syscall(syscall.SYS_FLISTXATTR, f.Fd(), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)))
	if errno != 0 {
		return []string{unreadable + errno.Error()}
	}
	var names []string
	for name := range bytes.SplitSeq(bytes.TrimSuffix(buffer[:n], []byte{0}), []byte{0}) {
		if len(name) > 0 && !bytes.HasPrefix(name, []byte("security.")) {
			names = append(names, string(name))
		}
	}
	return names
}

func inodeFlags(f *os.File) (flags int64) {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), fsGetFlags, uintptr(unsafe.Pointer(&flags)))
	if errno != 0 { // a file system without flags
		return 0
	}
	return flags
}

// extended is struct fsxattr of linux/fs.h.
type extended struct {
	flags, extentSize, extents, project, cowExtentSize uint32
	_                                                  [8]byte
}

// hasHints says whether an owner has set sizes of extents, numbers of 32 bits that some file systems keep for each file.
func hasHints(f *os.File) bool {
	const fsGetXattr = 0x801C581F
	var x extended
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), fsGetXattr, uintptr(unsafe.Pointer(&x)))
	return errno == 0 && (x.extentSize != 0 || x.cowExtentSize != 0)
}
