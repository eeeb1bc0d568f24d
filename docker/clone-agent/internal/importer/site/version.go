package site

import (
	"io"
	"os"
	"regexp"
)

var wordPressVersion = regexp.MustCompile(`(?m)^\s*\$wp_version\s*=\s*['"]([\w.+-]{1,40})['"]\s*;`)

// Version is that of the WordPress in a document root, as its own file says it, or "".
func Version(root *os.Root) string {
	file, err := root.Open("wp-includes/version.php")
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err != nil {
		return ""
	}
	if found := wordPressVersion.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}
