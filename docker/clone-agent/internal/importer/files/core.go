package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// maxCore bounds the files of WordPress itself, which are kept by name: a release has about 3,000.
const maxCore = 50_000

// core compares WordPress's own files by digest and takes only what differs from the image's.
func (c *Copier) core(ctx context.Context, root source.Root) error {
	seen := map[string]bool{}
	var different []string
	w := &writer{copier: c, target: root.Target, place: newInPlace(c.Root)}
	defer w.close()
	w.seen = func(r record) error {
		if len(seen) >= maxCore {
			return failure.New(job.SourceInvalid, "the source sends more than %d files as those of WordPress itself", maxCore)
		}
		name := w.name(r)
		seen[name] = true
		if !isOurs(name) && c.digest(name) != hex.EncodeToString(r.text) {
			different = append(different, r.path)
		}
		return nil
	}
	if err := w.follow(ctx, source.Parameters{"root": root.Name, "mode": "hashes"}); err != nil {
		return err
	}
	if !seen[path.Join(root.Target, "wp-includes/version.php")] {
		return failure.New(job.SourceInvalid, "the source does not send WordPress itself (wp-includes/version.php)")
	}
	if err := c.removeExtra(root.Target, seen); err != nil {
		return err
	}
	for _, name := range notUTF8(different) {
		c.book.skip(path.Join(root.Target, name), "name")
	}
	for different = utf8Only(different); len(different) > 0; {
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
