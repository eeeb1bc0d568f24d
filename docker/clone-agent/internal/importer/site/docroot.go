package site

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
)

const (
	contentDir = "wp-content"
	// asideSuffix keeps a drop-in readable and unable to run: Apache hands only .php to PHP, WordPress looks for the name.
	asideSuffix = ".from-source"
)

// dropIns are files in wp-content that WordPress runs by their name alone (_get_dropins in wp-admin/includes/plugin.php).
// They speak to servers of the source: its cache, its other databases.
var dropIns = []string{
	"advanced-cache.php", "db.php", "db-error.php", "fatal-error-handler.php", "install.php", "maintenance.php",
	"object-cache.php", "php-error.php", "sunrise.php", "blog-deleted.php", "blog-inactive.php", "blog-suspended.php",
}

// SetAside renames the drop-ins, ends a maintenance mode, and returns the names of the drop-ins.
func SetAside(root *os.Root) (aside []string, err error) {
	for _, name := range dropIns {
		file := path.Join(contentDir, name)
		err := root.Rename(file, file+asideSuffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		aside = append(aside, name)
	}
	if err := root.Remove(".maintenance"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return aside, nil
}

// Paths returns the distinct paths below the clone's address under which the site's own URLs expect the document root
// (a WordPress in /blog), and the one under which they expect wp-content if it has another name (Bedrock's /app).
func Paths(home, siteURL, contentURL string) (roots []string, content string) {
	for _, text := range []string{home, siteURL} {
		if p := URLPath(text); p != "" && !contains(roots, p) {
			roots = append(roots, p)
		}
	}
	content = URLPath(contentURL)
	if content == contentDir || strings.HasSuffix(content, "/"+contentDir) && contains(roots, path.Dir(content)) {
		content = ""
	}
	return roots, content
}

func contains(list []string, text string) bool {
	for _, item := range list {
		if item == text {
			return true
		}
	}
	return false
}

// URLPath returns the path of a URL, clean and without slashes at its ends.
func URLPath(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.Trim(path.Clean("/"+u.Path), "/")
}

// Link makes the document root reachable under a path: /blog/index.php is the same file as /index.php. What the site has
// there itself stays.
func Link(root *os.Root, name, target string) error {
	if name == "" {
		return nil
	}
	if _, err := root.Lstat(name); err == nil {
		return nil
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	up := strings.Repeat("../", strings.Count(name, "/"))
	return root.Symlink(path.Clean("./"+up+target), name)
}
