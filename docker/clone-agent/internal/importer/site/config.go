// Package site turns an imported document root into that of a clone, and tries whether the clone works.
package site

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

const configName = "wp-config.php"

// Config is what a clone's wp-config.php says. Nothing of the source's own file is in it.
type Config struct {
	Database     string
	User         string
	Host         string
	PasswordFile string // read by PHP at each request, so that the password is nowhere else
	Charset      string
	Prefix       string
	Home         string
	SiteURL      string
	ContentURL   string // empty: WordPress's own
	Network      *Network
}

// Network is a multisite with all its sites under one host; each has its address in its own options.
type Network struct {
	Subdomains bool
	Domain     string // host, with a port if it has one
	Path       string
	ID         int64
	MainSite   int64
}

var validPath = regexp.MustCompile(`^/(?:[A-Za-z0-9._~-]+/)*$`)

// constants returns the part of wp-config.php that says where the site is.
func (c Config) constants() (string, error) {
	n := c.Network
	if n == nil {
		return fmt.Sprintf("define('WP_HOME', %s);\ndefine('WP_SITEURL', %s);\n", quote(c.Home), quote(c.SiteURL)), nil
	}
	if !validPath.MatchString(n.Path) {
		return "", fmt.Errorf("the network's path %q is none of WordPress", n.Path)
	}
	return fmt.Sprintf("define('MULTISITE', true);\ndefine('SUBDOMAIN_INSTALL', %t);\ndefine('DOMAIN_CURRENT_SITE', %s);\n"+
		"define('PATH_CURRENT_SITE', %s);\ndefine('SITE_ID_CURRENT_SITE', %d);\ndefine('BLOG_ID_CURRENT_SITE', %d);\n",
		n.Subdomains, quote(n.Domain), quote(n.Path), n.ID, n.MainSite), nil
}

const configTemplate = `<?php

/** Written by the import; the source's own configuration stays at the source. */

define('DB_NAME', %s);
define('DB_USER', %s);
define('DB_PASSWORD', trim((string) file_get_contents(%s)));
define('DB_HOST', %s);
define('DB_CHARSET', %s);
define('DB_COLLATE', '');

%s
$table_prefix = %s;

%s%sdefine('WP_CACHE', false);
define('WP_ENVIRONMENT_TYPE', 'staging');
define('WP_DEBUG', false);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}

require_once ABSPATH . 'wp-settings.php';
`

var (
	validPrefix  = regexp.MustCompile(`^[A-Za-z0-9_$-]+$`)
	validCharset = regexp.MustCompile(`^[a-z0-9_]+$`)
)

// Text returns the file's text, with new random salts each time.
func (c Config) Text() (string, error) {
	if !validPrefix.MatchString(c.Prefix) {
		return "", fmt.Errorf("the table prefix %q is not one of WordPress", c.Prefix)
	}
	charset := c.Charset
	if !validCharset.MatchString(charset) {
		charset = "utf8mb4"
	}
	contentURL := ""
	if c.ContentURL != "" {
		contentURL = "define('WP_CONTENT_URL', " + quote(c.ContentURL) + ");\n"
	}
	constants, err := c.constants()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(configTemplate, quote(c.Database), quote(c.User), quote(c.PasswordFile), quote(c.Host), quote(charset),
		salts(), quote(c.Prefix), constants, contentURL), nil
}

// Write puts the file into the document root, readable for the site only.
func (c Config) Write(root *os.Root) error {
	text, err := c.Text()
	if err != nil {
		return err
	}
	if err := root.RemoveAll(configName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.WriteFile(configName, []byte(text), 0o640)
}

// salts makes all of WordPress's keys anew: cookies and nonces of the source are worth nothing in the clone.
func salts() string {
	var out strings.Builder
	for _, name := range []string{"AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"} {
		for _, part := range []string{"KEY", "SALT"} {
			var random [48]byte
			_, _ = rand.Read(random[:]) // never fails
			fmt.Fprintf(&out, "define('%s_%s', '%s');\n", name, part, base64.StdEncoding.EncodeToString(random[:]))
		}
	}
	return out.String()
}

// quote returns a PHP string literal.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
