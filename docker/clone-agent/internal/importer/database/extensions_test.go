package database

import (
	"errors"
	"slices"
	"testing"
)

func TestPluginsLeaveTheListByItsLengths(t *testing.T) {
	const list = `a:4:{i:0;s:5:"a.php";i:2;s:12:"ü";i:0;.php";i:3;s:9:"b/b"c.php";i:7;s:5:"d.php";}`
	for _, c := range []struct {
		off      []string
		kept     string
		switched []string
	}{
		{[]string{"a.php"}, `a:3:{i:2;s:12:"ü";i:0;.php";i:3;s:9:"b/b"c.php";i:7;s:5:"d.php";}`, []string{"a.php"}},
		{[]string{`ü";i:0;.php`, `b/b"c.php`}, `a:2:{i:0;s:5:"a.php";i:7;s:5:"d.php";}`, []string{`ü";i:0;.php`, `b/b"c.php`}},
		{[]string{"php"}, list, nil},
	} {
		kept, switched, err := withoutPlugins(list, func(name string) bool { return slices.Contains(c.off, name) })
		if err != nil || kept != c.kept || !slices.Equal(switched, c.switched) {
			t.Errorf("%q: %s, %q, %v", c.off, kept, switched, err)
		}
	}
	if kept, _, err := withoutPlugins(`a:1:{i:0;s:5:"a.php";}`, func(string) bool { return true }); kept != "a:0:{}" || err != nil {
		t.Errorf("%s, %v", kept, err)
	}
}

func TestWhatIsNoListIsLeftAlone(t *testing.T) {
	for _, text := range []string{
		"x", "a:1:{", "a:1:{}", `a:1:{i:0;s:5:"a.php";`, `a:1:{i:0;s:9:"a.php";}`, `a:1:{i:0;s:4:"a.php";}`, `a:2:{i:0;s:5:"a.php";}`,
		`a:1:{i:0;s:5:"a.php";}x`, `a:1:{i:0;i:5;}`, `a:1:{s:1:"k";s:5:"a.php";}`, `a:1:{i:0;a:0:{}}`, `O:8:"stdClass":0:{}`, `a:1:{i:0;s:999999:"`,
	} {
		if kept, switched, err := withoutPlugins(text, func(string) bool { return true }); !errors.Is(err, errNotAList) {
			t.Errorf("%s: %q, %q, %v", text, kept, switched, err)
		}
	}
}
