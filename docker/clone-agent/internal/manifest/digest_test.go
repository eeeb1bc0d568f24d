package manifest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		if got, err := digest(file(t, content)); err != nil || got != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%d bytes: %s, %v", size, got, err)
		}
	}
}

// Files of the kernel have no size and no mapping.
func TestDigestOfAFileThatCannotBeMapped(t *testing.T) {
	f, err := os.Open("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := os.ReadFile("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := digest(f); err != nil || got != fmt.Sprintf("%x", sha256.Sum256(content)) {
		t.Errorf("%s, %v", got, err)
	}
}

// Whoever cuts a file while it is read must not end the agent.
func TestAFileThatIsCutWhileItIsRead(t *testing.T) {
	f := file(t, bytes.Repeat([]byte("x"), 1<<20))
	sum := sha256.New()
	if err := os.Truncate(f.Name(), 5000); err != nil {
		t.Fatal(err)
	}
	if err := addMapped(sum, f, 1<<20); !errors.Is(err, errShrunk) {
		t.Error(err)
	}
}

func TestAFileThatGrowsWhileItIsRead(t *testing.T) {
	f := file(t, []byte("abcdef"))
	sum := sha256.New()
	if err := addMapped(sum, f, 3); err != nil {
		t.Fatal(err)
	}
	if err := addRest(sum, f); err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256([]byte("abcdef")); !bytes.Equal(sum.Sum(nil), want[:]) {
		t.Error("the end is missing")
	}
}
