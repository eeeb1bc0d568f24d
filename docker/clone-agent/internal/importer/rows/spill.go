package rows

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// Spill lets fill write to a file without a name in dir, and maps what was written, so that a cell of any size takes no
// memory that could not be given back.
func Spill(dir string, length int64, fill func(io.Writer) error) (cell []byte, release func(), err error) {
	if length == 0 {
		return nil, func() {}, fill(io.Discard)
	}
	file, err := os.CreateTemp(dir, ".cell-*")
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return nil, nil, err
	}
	if err := fill(file); err != nil {
		return nil, nil, err
	}
	cell, err = syscall.Mmap(int(file.Fd()), 0, int(length), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping a cell of %d bytes: %w", length, err)
	}
	return cell, func() { _ = syscall.Munmap(cell) }, nil
}
