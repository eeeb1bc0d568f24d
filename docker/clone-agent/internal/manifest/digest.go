package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// mappedFrom is the size from which a file is worth a mapping, which costs more than to read a few pages: of WordPress, a
// quarter of the files with seven eighths of the bytes.
const mappedFrom = 16 << 10

// pieceBytes of a mapping are added at once: nothing else of the agent may run in between if the garbage collector waits.
const pieceBytes = 1 << 20

// digest is the SHA-256, in hex, of a file that had this size before it was opened. What is read twice through a descriptor
// counts from then on as in use: a pod whose files are compared before and after each start would hold all of them as its
// memory. A mapping that is read once through leaves pages as they were (MADV_SEQUENTIAL: the kernel marks none as accessed).
func digest(f *os.File, size int64) (string, error) {
	sum := sha256.New()
	mapped := false
	if size >= mappedFrom {
		var err error
		if mapped, err = addMapped(sum, f, size); err != nil {
			return "", err
		}
	}
	if !mapped {
		if err := addRead(sum, f); err != nil {
			return "", err
		}
	}
	if info, err := f.Stat(); err != nil || info.Size() != size {
		return "", errors.Join(err, errResized)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

var errResized = errors.New("the file had another size while it was read")

// addMapped adds the first bytes of a file, unless it cannot be mapped.
func addMapped(sum hash.Hash, f *os.File, size int64) (mapped bool, err error) {
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return false, nil
	}
	defer func() { err = errors.Join(err, syscall.Munmap(data)) }()
	if err := syscall.Madvise(data, syscall.MADV_SEQUENTIAL); err != nil {
		return false, err
	}
	for piece := range slices.Chunk(data, pieceBytes) {
		if err := addShrinking(sum, piece); err != nil {
			return false, err
		}
	}
	return true, nil
}

// addShrinking adds bytes of a mapping whose file may be cut meanwhile, which the kernel tells by SIGBUS.
func addShrinking(sum hash.Hash, data []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = errResized
		default:
			panic(fault)
		}
	}()
	sum.Write(data)
	return nil
}

// addRead adds a whole file by reading it.
func addRead(sum hash.Hash, f *os.File) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := f.Read(*buffer)
		sum.Write((*buffer)[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
