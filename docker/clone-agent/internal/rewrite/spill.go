package rewrite

import (
	"os"
	"slices"
	"syscall"
	"unsafe"
)

// heapBytes is what a list may take of the heap.
const heapBytes = 256 << 10

// list grows on the heap up to heapBytes, and from there in a file without a name that is mapped into memory: what a large
// cell needs beside itself can then be written out at any time, and does not count as memory that the process holds.
// Elements have no pointers. A slice of items is good until the list grows.
type list[T any] struct {
	items  []T
	dir    string
	mapped []byte
}

// reserve makes room for n more.
func (l *list[T]) reserve(n int) {
	need := len(l.items) + n
	if need <= cap(l.items) {
		return
	}
	if need*l.width() > heapBytes && l.move(max(need, 2*cap(l.items))) == nil {
		return
	}
	l.items = slices.Grow(l.items, n) // also where there is no file to be had: then memory is the lesser evil
}

func (l *list[T]) width() int {
	var one T
	return int(unsafe.Sizeof(one))
}

func (l *list[T]) append(items ...T) {
	l.reserve(len(items))
	l.items = append(l.items, items...)
}

// move takes the list into a new file with room for n. The room is there before it is used: a write to a mapped hole of a
// full disk would be a signal instead of an error.
func (l *list[T]) move(n int) error {
	file, err := os.CreateTemp(l.dir, ".rewrite-*")
	if err != nil {
		return err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	size := n * l.width()
	if err := syscall.Fallocate(int(file.Fd()), 0, 0, int64(size)); err != nil {
		return err
	}
	mapped, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	items := unsafe.Slice((*T)(unsafe.Pointer(&mapped[0])), n)[:len(l.items)]
	copy(items, l.items)
	l.unmap()
	l.items, l.mapped = items, mapped
	return nil
}

func (l *list[T]) unmap() {
	if l.mapped != nil {
		_ = syscall.Munmap(l.mapped)
		l.mapped = nil
	}
}

// cut forgets all but the first n, and the file once there are none.
func (l *list[T]) cut(n int) {
	l.items = l.items[:n]
	if n == 0 && l.mapped != nil {
		l.items = nil
		l.unmap()
	}
}
