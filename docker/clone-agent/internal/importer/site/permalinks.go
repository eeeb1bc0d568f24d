package site

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const rulesName = ".htaccess"

// WordPress's own rules for Apache, of a single site and of a network with its sites in folders.
const (
	singleRules = `# WordPress's own rules, written by the import: the source had none
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%%{HTTP:Authorization}]
RewriteBase %s
RewriteRule ^index\.php$ - [L]
RewriteCond %%{REQUEST_FILENAME} !-f
RewriteCond %%{REQUEST_FILENAME} !-d
RewriteRule . %sindex.php [L]
`
	networkRules = `# WordPress's own rules for a network, written by the import: the source had none
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%%{HTTP:Authorization}]
RewriteBase %s
RewriteRule ^index\.php$ - [L]
RewriteRule ^([_0-9a-zA-Z-]+/)?wp-admin$ $1wp-admin/ [R=301,L]
RewriteCond %%{REQUEST_FILENAME} -f [OR]
RewriteCond %%{REQUEST_FILENAME} -d
RewriteRule ^ - [L]
RewriteRule ^([_0-9a-zA-Z-]+/)?(wp-(content|admin|includes).*) $2 [L]
RewriteRule ^([_0-9a-zA-Z-]+/)?(.*\.php)$ $2 [L]
RewriteRule . %sindex.php [L]
`
	// networkMark is in every set of rules for folders of a network.
	networkMark = "wp-(content|admin|includes)"
)

// Permalinks sees to it that Apache finds the pages of a site whose own server needed no .htaccess. What a network's file
// lacks is put before the rest of it.
func Permalinks(root *os.Root, network *Network) error {
	rules, base := singleRules, "/"
	if network != nil {
		rules, base = networkRules, network.Path
	}
	rules = fmt.Sprintf(rules, base, base)
	info, err := root.Lstat(rulesName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return root.WriteFile(rulesName, []byte(rules), 0o644)
	case err != nil || network == nil || !info.Mode().IsRegular() || info.Size() > 1<<20:
		return err
	}
	present, err := root.ReadFile(rulesName)
	if err != nil || strings.Contains(string(present), networkMark) {
		return err
	}
	return root.WriteFile(rulesName, []byte(rules+string(present)), 0o644)
}
