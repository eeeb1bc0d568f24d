package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"unicode/utf8"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	coreRoot = "core"
	// pathsPerRequest keeps a list of paths well below the 1 MiB that a body may have.
	pathsPerRequest = 1000
	// takeAgain is how often a file that changed during the copy is asked for once more.
	takeAgain = 3
)

// Copier copies the trees of a source into a document root.
type Copier struct {
	Client *source.Client
	Root   *os.Root
	Spend  func(bytes int64) error           // called for all bytes received; its error ends the copy
	Known  func(name string) (digest string) // SHA-256 in hex of a file as the image brought it, or ""; nil: read the file
	Report Report
}

// Copy copies all roots in their order: code first, uploads last.
func (c *Copier) Copy(ctx context.Context, roots []source.Root) error {
	for _, root := range roots {
		if root.Target != "" {
			if err := checkPath(root.Target); err != nil {
				return err
			}
		}
		if err := c.copyRoot(ctx, root); err != nil {
			return err
		}
	}
	return nil
}

func (c *Copier) copyRoot(ctx context.Context, root source.Root) error {
	if root.Name == coreRoot {
		return c.core(ctx, root)
	}
	if replaced[root.Name] {
		if err := c.empty(root.Target); err != nil {
			return err
		}
	}
	return c.tree(ctx, root, source.Parameters{"root": root.Name})
}

// replaced are the trees of which nothing of the image may stay: a theme of the image is none of the site's.
var replaced = map[string]bool{"plugins": true, "themes": true, "mu-plugins": true}

// empty removes what is in a directory of the document root, but for what is ours.
func (c *Copier) empty(dir string) error {
	entries, err := fs.ReadDir(c.Root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if isOurs(name) {
			continue
		}
		if err := c.Root.RemoveAll(name); err != nil {
			return err
		}
	}
	return err
}

// tree streams a tree, and takes what changed meanwhile again.
func (c *Copier) tree(ctx context.Context, root source.Root, parameters source.Parameters) error {
	var changed []string
	for range takeAgain + 1 {
		w := c.writer(root)
		err := c.Client.Follow(ctx, "files", parameters, func(b source.Batch) error { return w.records(b.Data) })
		w.close()
		if err != nil {
			return err
		}
		changed = w.changed
		again := utf8Only(changed)
		if len(again) == 0 {
			break
		}
		parameters = source.Parameters{"root": root.Name, "paths": again[:min(len(again), pathsPerRequest)]}
	}
	for _, name := range changed {
		c.Report.skip(path.Join(root.Target, name), "changed")
	}
	return nil
}

func (c *Copier) writer(root source.Root) *writer {
	return &writer{root: c.Root, target: root.Target, spend: c.Spend, report: &c.Report}
}

// utf8Only drops the names that JSON cannot carry.
func utf8Only(names []string) (out []string) {
	for _, name := range names {
		if utf8.ValidString(name) {
			out = append(out, name)
		}
	}
	return out
}

// core compares WordPress's own files by digest and takes only what differs from the image's.
func (c *Copier) core(ctx context.Context, root source.Root) error {
	seen := map[string]bool{}
	var different []string
	w := c.writer(root)
	w.seen = func(r record) error {
		name := w.name(r)
		seen[name] = true
		if !isOurs(name) && c.digest(name) != hex.EncodeToString(r.text) {
			different = append(different, r.path)
		}
		return nil
	}
	parameters := source.Parameters{"root": root.Name, "mode": "hashes"}
	err := c.Client.Follow(ctx, "files", parameters, func(b source.Batch) error { return w.records(b.Data) })
	if err != nil {
		return err
	}
	if !seen[path.Join(root.Target, "wp-includes/version.php")] {
		return failure.New(job.SourceInvalid, "the source does not send WordPress itself (wp-includes/version.php)")
	}
	if err := c.removeExtra(root.Target, seen); err != nil {
		return err
	}
	different = utf8Only(different)
	for len(different) > 0 {
		n := min(len(different), pathsPerRequest)
		if err := c.tree(ctx, root, source.Parameters{"root": root.Name, "paths": different[:n]}); err != nil {
			return err
		}
		different = different[n:]
	}
	return nil
}

// digest returns the SHA-256 of a file in the document root, or "".
func (c *Copier) digest(name string) string {
	if c.Known != nil {
		return c.Known(name)
	}
	file, err := c.Root.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// removeExtra removes files of the image's WordPress that the source's does not have: two versions must not mix.
func (c *Copier) removeExtra(target string, seen map[string]bool) error {
	var extra []string
	for _, dir := range []string{"wp-admin", "wp-includes"} {
		dir = path.Join(target, dir)
		err := fs.WalkDir(c.Root.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && !seen[name] {
				extra = append(extra, name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	top, err := fs.ReadDir(c.Root.FS(), path.Clean("./"+target))
	if err != nil {
		return err
	}
	for _, entry := range top {
		name := path.Join(target, entry.Name())
		if !entry.IsDir() && strings.HasSuffix(name, ".php") && !seen[name] && !isOurs(name) {
			extra = append(extra, name)
		}
	}
	for _, name := range extra {
		if err := c.Root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
