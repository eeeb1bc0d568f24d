package pid1

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// contents is what an agent that has just started finds in its volume.
type contents int

const (
	foreign    contents = iota // nobody's, or another generation's
	unfinished                 // this generation's, with an import that was broken off and cannot go on
	resumable                  // the same, and it left a journal to go on with
	whole                      // this generation's
)

// inspect says whether the volume was restored for this very Secret, and whether an import was broken off in it.
func inspect(volume string, secret secretwatch.Secret) contents {
	text, err := readPlain(filepath.Join(volume, layout.Mark))
	if err != nil || !hmac.Equal([]byte(text), []byte(markOf(secret))) {
		return foreign
	}
	if _, err = os.Lstat(filepath.Join(volume, layout.ImportingMark)); errors.Is(err, fs.ErrNotExist) {
		return whole
	}
	// Whether it is the journal of the import to come only that can say; if not, it restores the files itself.
	if _, err = readPlain(filepath.Join(volume, layout.JournalHead)); err == nil {
		return resumable
	}
	return unfinished
}

// markOf is the mark's text: the generation, and a proof by the generation's password, so that a site cannot write the
// mark of a generation to come. (The volume belongs to the user that the site runs as.)
func markOf(secret secretwatch.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.DBPassword))
	fmt.Fprintf(mac, "clonepool-generation-v1\n%d", secret.Generation)
	return fmt.Sprintf("%d %s\n", secret.Generation, hex.EncodeToString(mac.Sum(nil)))
}

// writeMark puts a small file into the volume so that after a crash it is there whole or not at all.
func writeMark(volume, name, text string) error {
	path := filepath.Join(volume, name)
	if err := os.RemoveAll(path + ".new"); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(volume)
}

func removeMark(volume, name string) error {
	err := os.RemoveAll(filepath.Join(volume, name))
	return errors.Join(err, syncDir(volume))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// readPlain reads a small regular file; anything else that may lie under its name is an error, not a trap.
func readPlain(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > 1024 {
		return "", fmt.Errorf("%s is no mark", path)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
