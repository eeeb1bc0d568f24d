package site

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Folders of wp-content whose code WordPress runs.
const (
	Plugins = "plugins"
	MustUse = "mu-plugins"
	Themes  = "themes"
)

// defaultThemes are WordPress's own, newest first, as WP_Theme knows them.
var defaultThemes = []string{
	"twentytwentyfive", "twentytwentyfour", "twentytwentythree", "twentytwentytwo", "twentytwentyone", "twentytwenty",
	"twentynineteen", "twentyseventeen", "twentysixteen", "twentyfifteen", "twentyfourteen", "twentythirteen",
}

// DefaultTheme returns the newest of WordPress's own themes that is installed and not refused, or nothing.
func DefaultTheme(root *os.Root, refused func(name string) bool) string {
	for _, name := range defaultThemes {
		if refused(name) {
			continue
		}
		if _, err := root.Stat(path.Join(contentDir, Themes, name, "style.css")); err == nil {
			return name
		}
	}
	return ""
}

// OfPlugin says whether a file below wp-content is of the plugin that active_plugins names "folder/main.php" or "main.php".
func OfPlugin(file, plugin string) bool {
	if folder, _, ok := strings.Cut(plugin, "/"); ok {
		return strings.HasPrefix(file, Plugins+"/"+folder+"/")
	}
	return file == Plugins+"/"+plugin
}

// OfTheme says whether a file below wp-content is of a theme.
func OfTheme(file, theme string) bool {
	return theme != "" && strings.HasPrefix(file, Themes+"/"+theme+"/")
}

// SetMustUseAside renames the must-use plugin that a file belongs to: no option switches one off. It returns its name, or
// nothing if it is gone already.
func SetMustUseAside(root *os.Root, file string) (name string, err error) {
	inside, ok := strings.CutPrefix(file, MustUse+"/")
	if !ok {
		return "", nil
	}
	first, _, _ := strings.Cut(inside, "/")
	name = path.Join(MustUse, first)
	err = root.Rename(path.Join(contentDir, name), path.Join(contentDir, name)+asideSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return name, err
}
