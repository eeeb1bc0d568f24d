package manifest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func file(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestDigestsOfFiles(t *testing.T) {
	for _, size := range []int{0, 1, mappedFrom - 1, mappedFrom, mappedFrom + 1, 1 << 20} {
		content := bytes.Repeat([]byte("x"), size)
		if got, err := digest(file(t, content), int64(size)); err != nil || got != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%d bytes: %s, %v", size, got, err)
		}
	}
}

// Whoever changes a file while it is read must neither end the agent nor get a digest.
func TestAFileThatChangesItsSizeWhileItIsRead(t *testing.T) {
	const size = 1 << 20
	for name, change := range map[string]func(t *testing.T, f *os.File){
		"cut before": func(t *testing.T, f *os.File) { truncate(t, f, 5000) },
		"grown":      func(t *testing.T, f *os.File) { truncate(t, f, size+1) },
	} {
		t.Run(name, func(t *testing.T) {
			f := file(t, bytes.Repeat([]byte("x"), size))
			change(t, f)
			if got, err := digest(f, size); !errors.Is(err, errResized) {
				t.Error(got, err)
			}
		})
	}
	t.Run("small", func(t *testing.T) {
		if got, err := digest(file(t, []byte("abc")), 2); !errors.Is(err, errResized) {
			t.Error(got, err)
		}
	})
	t.Run("cut under the mapping", func(t *testing.T) {
		f := file(t, bytes.Repeat([]byte("x"), size))
		data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Munmap(data) }()
		truncate(t, f, 5000)
		if err := addShrinking(sha256.New(), data); !errors.Is(err, errResized) {
			t.Error(err)
		}
	})
}

func truncate(t *testing.T, f *os.File, size int64) {
	t.Helper()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// Where there is no mapping (files of the kernel), a file is read.
func TestAFileThatCannotBeMapped(t *testing.T) {
	f, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	if mapped, err := addMapped(sum, f, 0); mapped || err != nil || !bytes.Equal(sum.Sum(nil), sha256.New().Sum(nil)) {
		t.Error(err)
	}
}
