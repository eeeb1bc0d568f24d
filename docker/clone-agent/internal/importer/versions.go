package importer

import (
	"regexp"
	"strings"
)

// versions are those of both sides, and where they differ so far that it may show: the site's own WordPress travels
// with it, PHP and the database are the clone's.
func (r *run) versions() map[string]any {
	v := r.preflight.Versions
	server := "mysql"
	if strings.Contains(strings.ToLower(r.cloneDatabase), "mariadb") {
		server = "mariadb"
	}
	source := map[string]string{"wordpress": v.WordPress, "php": v.PHP, "database": v.Server + " " + v.Database, "plugin": r.preflight.PluginVersion}
	clone := map[string]string{"wordpress": r.cloneWordPress, "php": r.clonePHP, "database": server + " " + r.cloneDatabase}
	differ := []string{}
	if source["wordpress"] != clone["wordpress"] {
		differ = append(differ, "wordpress")
	}
	for _, name := range []string{"php", "database"} {
		if release(source[name]) != release(clone[name]) {
			differ = append(differ, name)
		}
	}
	return map[string]any{"source": source, "clone": clone, "differ": differ}
}

// released is a product's name, if it has one, and the two numbers of its release.
var released = regexp.MustCompile(`^(?:\w+ )?\d+\.\d+`)

// release leaves out what changes with each correction of an error, and what distributions add.
func release(version string) string {
	if found := released.FindString(version); found != "" {
		return found
	}
	return version
}
