package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// maxCore bounds the files of WordPress itself, which are kept by name: a release has about 3,000.
const maxCore = 50_000

// core compares WordPress's own files by digest and takes only what differs from the image's.
func (c *Copier) core(ctx context.Context, way *course, t task) error {
	w := &writer{copier: c, account: c.open(way.at(t.place)), target: t.root.Target, place: newInPlace(c.Root)}
	defer w.close()
	different, err := w.compare(ctx, t.root)
	if err != nil {
		return err
	}
	c.coreIsImages = c.From == nil && !slices.ContainsFunc(different, func(name string) bool { return path.Base(name) != ".htaccess" })
	for _, name := range notUTF8(different) {
		w.account.skip(path.Join(t.root.Target, name), "name")
	}
	for different = utf8Only(different); len(different) > 0; {
		n := min(len(different), pathsPerRequest)
		w.release()
		if err := w.follow(ctx, source.Parameters{"root": t.root.Name, "paths": different[:n]}); err != nil {
			return err
		}
		if err := w.changedAgain(ctx, t.root); err != nil {
			return err
		}
		different = different[n:]
	}
	return way.moved(t.place, w.position(t, Part{Complete: true}))
}

// CoreIsImages says, after Copy, whether each file of WordPress itself is as the image brought it. Every site has an
// .htaccess of its own beside them; PHP does not run that.
func (c *Copier) CoreIsImages() bool { return c.coreIsImages }

// compare returns what is to be taken, relative to the root, and removes what the source does not have.
func (w *writer) compare(ctx context.Context, root source.Root) (different []string, err error) {
	seen := map[string]bool{}
	w.seen = func(r record) error {
		if len(seen) >= maxCore {
			return failure.New(job.SourceInvalid, "the source sends more than %d files as those of WordPress itself", maxCore)
		}
		name := w.name(r)
		seen[name] = true
		if !isOurs(name) && !w.has(name, r) {
			different = append(different, r.path)
		}
		return nil
	}
	if err := w.follow(ctx, source.Parameters{"root": root.Name, "mode": "hashes"}); err != nil {
		return nil, err
	}
	w.seen = nil
	if !seen[path.Join(root.Target, "wp-includes/version.php")] {
		return nil, failure.New(job.SourceInvalid, "the source does not send WordPress itself (wp-includes/version.php)")
	}
	return different, w.copier.removeExtra(root.Target, seen)
}

// has says whether a file is as the source's already: as the image brought it, or because a former agent has taken it.
func (w *writer) has(name string, r record) bool {
	digest := hex.EncodeToString(r.text)
	if w.copier.Known == nil {
		return w.copier.digest(name) == digest
	}
	if w.copier.Known(name) == digest {
		return true
	}
	if w.copier.From == nil || w.copier.digest(name) != digest {
		return false
	}
	w.account.wrote(int64(r.size))
	return true
}

// digest returns the SHA-256 of a file in the document root, or "".
func (c *Copier) digest(name string) string {
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
