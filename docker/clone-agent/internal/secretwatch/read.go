// Package secretwatch follows the pod's mounted Secret: which generation is wanted, and with which passwords.
package secretwatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"clonepool.dev/clone-agent/internal/layout"
)

// Secret is one consistent reading of the mounted Secret.
type Secret struct {
	Generation   int64
	DBPassword   string
	RootPassword string // empty in the wordpress container
}

// String names the generation only: a Secret that slips into a log shows no password.
func (s Secret) String() string { return fmt.Sprintf("generation %d", s.Generation) }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Read reads the Secret mounted at dir.
//
// The kubelet writes a new directory and then moves the link ..data to it. All keys are read below one opened directory,
// so that they belong together even if the link moves meanwhile; if the old directory is removed under us, it is read again.
func Read(dir string) (Secret, error) {
	var err error
	for range 5 {
		var secret Secret
		if secret, err = readOnce(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return secret, err
		}
	}
	return Secret{}, err
}

func readOnce(dir string) (Secret, error) {
	root, err := os.OpenRoot(dir + "/..data")
	if errors.Is(err, fs.ErrNotExist) { // a plain directory, not a kubelet's
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return Secret{}, err
	}
	defer root.Close()
	generation, err := root.ReadFile(layout.GenerationKey)
	if err != nil {
		return Secret{}, err
	}
	password, err := root.ReadFile(layout.DBPasswordKey)
	if err != nil {
		return Secret{}, err
	}
	rootPassword, err := root.ReadFile(layout.RootPasswordKey)
	if errors.Is(err, fs.ErrNotExist) { // not mounted here, or the whole directory was removed meanwhile
		_, err = root.Lstat(layout.GenerationKey)
	}
	if err != nil {
		return Secret{}, err
	}
	return parse(string(generation), string(password), string(rootPassword))
}

func parse(generation, password, rootPassword string) (Secret, error) {
	number, err := strconv.ParseInt(strings.TrimSpace(generation), 10, 64)
	if err != nil || number < 1 {
		return Secret{}, fmt.Errorf("key %s must be a whole number from 1", layout.GenerationKey)
	}
	secret := Secret{number, strings.TrimSpace(password), strings.TrimSpace(rootPassword)}
	if secret.DBPassword == "" {
		return Secret{}, fmt.Errorf("key %s is empty", layout.DBPasswordKey)
	}
	return secret, nil
}
