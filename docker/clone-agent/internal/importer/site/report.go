package site

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

const (
	tokenHeader = "X-Clone-Smoke"
	phpHeader   = "X-Clone-PHP"
	maxReport   = 64 << 10
	// What the file asks of the guard, if it holds anything: to empty PHP's cache of compiled code, or to keep in it what is
	// of WordPress itself.
	forget        = "forget compiled code"
	forgetContent = "forget compiled content"
)

// errorReport is a file that the guard (docker/wordpress-clone/guard/fatal.php) fills when the request that names it dies.
// It is read through the handle that made it: whatever the site puts in its place does not matter.
type errorReport struct {
	token string
	file  *os.File
}

func newErrorReport(dir, order string) (*errorReport, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	token := hex.EncodeToString(random[:])
	file, err := os.OpenFile(filepath.Join(dir, "smoke-"+token), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		_, err = file.WriteString(order)
	}
	return &errorReport{token, file}, err
}

func (r *errorReport) read() ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(r.file, 0, maxReport))
}

func (r *errorReport) close() {
	_ = os.Remove(r.file.Name())
	_ = r.file.Close()
}
