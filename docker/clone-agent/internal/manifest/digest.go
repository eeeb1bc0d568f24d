package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// mappedFrom is the size from which a file is worth a mapping, which costs more than to read a few pages: of WordPress, a
// quarter of the files with seven eighths of the bytes.
const mappedFrom = 16 << 10

// digest is a file's SHA-256, in hex. What is read twice through a descriptor counts from then on as in use: a pod whose files
// are compared before and after each start would hold all of them as its memory. A mapping that is read once through leaves
// pages as they were (MADV_SEQUENTIAL: the kernel marks none as accessed).
func digest(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if size := info.Size(); size >= mappedFrom {
		if err := addMapped(sum, f, int(size)); err != nil {
			return "", err
		}
	}
	if err := addRest(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addMapped adds the first bytes of a file and moves its offset behind them; nothing, where the file cannot be mapped.
func addMapped(sum hash.Hash, f *os.File, size int) (err error) {
	data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	defer func() { err = errors.Join(err, syscall.Munmap(data)) }()
	if err := syscall.Madvise(data, syscall.MADV_SEQUENTIAL); err != nil {
		return err
	}
	if err := addShrinking(sum, data); err != nil {
		return err
	}
	_, err = f.Seek(int64(size), io.SeekStart)
	return err
}

var errShrunk = errors.New("the file became shorter while it was read")

// addShrinking adds bytes of a mapping whose file may be cut meanwhile, which the kernel tells by SIGBUS.
func addShrinking(sum hash.Hash, data []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = errShrunk
		default:
			panic(fault)
		}
	}()
	sum.Write(data)
	return nil
}

// addRest adds what follows the offset: what has grown since the file was looked at.
func addRest(sum hash.Hash, f *os.File) error {
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
