package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// SwitchPluginsOff takes the active plugins that off names out of the list of active ones, and returns them.
func (d *Database) SwitchPluginsOff(ctx context.Context, prefix string, off func(plugin string) bool) ([]string, error) {
	value, err := d.option(ctx, prefix, "active_plugins")
	if err != nil || value == "" {
		return nil, wrap("reading the active plugins", err)
	}
	kept, switched, err := withoutPlugins(value, off)
	if err != nil || len(switched) == 0 {
		return nil, wrap("reading the active plugins", err)
	}
	_, err = d.pool.ExecContext(ctx, "UPDATE "+Quote(prefix+"options")+" SET option_value = ? WHERE option_name = 'active_plugins'", kept)
	return switched, wrap("switching a plugin off", err)
}

// ActiveThemes returns the theme whose style is used, and the one whose templates are: its parent, or the same.
func (d *Database) ActiveThemes(ctx context.Context, prefix string) (stylesheet, template string, err error) {
	if stylesheet, err = d.option(ctx, prefix, "stylesheet"); err == nil {
		template, err = d.option(ctx, prefix, "template")
	}
	return stylesheet, template, wrap("reading the theme", err)
}

// SwitchTheme makes another theme the active one.
func (d *Database) SwitchTheme(ctx context.Context, prefix, theme string) error {
	options := Quote(prefix + "options")
	for _, s := range []statement{
		{"UPDATE " + options + " SET option_value = ? WHERE option_name IN ('stylesheet', 'template')", []any{theme}},
		// Where the old theme lay; WordPress finds the new one itself.
		{"DELETE FROM " + options + " WHERE option_name IN ('stylesheet_root', 'template_root', 'current_theme')", nil},
	} {
		if _, err := d.pool.ExecContext(ctx, s.text, s.arguments...); err != nil {
			return wrap("switching the theme", err)
		}
	}
	return nil
}

// option returns an option's value, empty if there is none.
func (d *Database) option(ctx context.Context, prefix, name string) (value string, err error) {
	err = d.pool.QueryRowContext(ctx, "SELECT option_value FROM "+Quote(prefix+"options")+" WHERE option_name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

var errNotAList = errors.New("active_plugins is not a serialized list of names")

var (
	listHead = regexp.MustCompile(`^a:(\d{1,6}):\{`)
	itemKey  = regexp.MustCompile(`^i:-?\d{1,18};`)
	nameHead = regexp.MustCompile(`^s:(\d{1,6}):"`)
)

// withoutPlugins removes names from a serialized list, by its lengths and not by what it looks like. What stays keeps its
// key, as in deactivate_plugins.
func withoutPlugins(list string, off func(plugin string) bool) (kept string, switched []string, err error) {
	head := listHead.FindStringSubmatch(list)
	if head == nil {
		return "", nil, errNotAList
	}
	count, _ := strconv.Atoi(head[1])
	rest := list[len(head[0]):]
	var body strings.Builder
	left := 0
	for range count {
		key := itemKey.FindString(rest)
		name, after, ok := serializedText(rest[len(key):])
		if key == "" || !ok {
			return "", nil, errNotAList
		}
		if off(name) {
			switched = append(switched, name)
		} else {
			left++
			body.WriteString(rest[:len(rest)-len(after)])
		}
		rest = after
	}
	if rest != "}" {
		return "", nil, errNotAList
	}
	return fmt.Sprintf("a:%d:{%s}", left, body.String()), switched, nil
}

// serializedText reads one serialized string and returns what follows it.
func serializedText(text string) (value, rest string, ok bool) {
	head := nameHead.FindStringSubmatch(text)
	if head == nil {
		return "", "", false
	}
	length, _ := strconv.Atoi(head[1])
	text = text[len(head[0]):]
	if len(text) < length+2 || text[length:length+2] != `";` {
		return "", "", false
	}
	return text[:length], text[length+2:], true
}
