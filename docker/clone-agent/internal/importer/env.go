// Package importer brings a live WordPress site into the pod: its tables rewritten to the clone's address, its files, a
// configuration of the clone's own, and a test that the result works.
package importer

import (
	"context"
	"os"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/manifest"
)

// Env is the pod that an import writes into.
type Env struct {
	Docroot      string
	LeaseDir     string // where Apache and the guard look for what they must know of the lease
	SpillDir     string // on disk, for cells too large for memory
	TempDir      string // PHP's, where the guard leaves what the smoke test asks for
	SiteManifest string // of the docroot as the image brought it; empty: files are read instead
	Database     database.Address
	Restore      func(context.Context) error // the document root, as the image brought it
	PasswordFile string                      // read when an import starts, and by wp-config.php at each request
	HTTPAddress  string                      // of Apache
	Source       source.Options
	ChunkBytes   int64 // of a table's rows go into one transaction; 0: chunkBytes
}

// The site's account in the pod's MySQL, and where Apache listens.
const (
	schema      = "wordpress"
	account     = "wordpress"
	httpAddress = "127.0.0.1:80"
)

// PodEnv is the environment of the wordpress container; restore brings its document root back as it was in the image.
func PodEnv(restore func(context.Context) error) Env {
	return Env{
		Docroot:      layout.Docroot,
		LeaseDir:     layout.LeaseDir,
		SpillDir:     layout.SiteVolume,
		TempDir:      layout.TempDir,
		SiteManifest: layout.SiteManifest,
		Database:     database.Address{Network: "tcp", Host: layout.DBAddress, Schema: schema, User: account},
		Restore:      restore,
		PasswordFile: layout.SecretDir + "/" + layout.DBPasswordKey,
		HTTPAddress:  httpAddress,
	}
}

// address returns the database's address with the password of the present generation.
func (e Env) address() (database.Address, error) {
	password, err := os.ReadFile(e.PasswordFile)
	if err != nil {
		return database.Address{}, err
	}
	a := e.Database
	a.Password = strings.TrimSpace(string(password))
	return a, nil
}

// known returns the digests of the image's files, or nil if there is no manifest.
func (e Env) known() (func(name string) string, error) {
	if e.SiteManifest == "" {
		return nil, nil
	}
	image, err := manifest.Load(e.SiteManifest)
	if err != nil {
		return nil, err
	}
	return func(name string) string {
		entry, _ := image.Find(name)
		return entry.Digest
	}, nil
}
