package files_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

var roots = map[string]string{"plugins": "wp-content/plugins", "themes": "wp-content/themes", "core": "", "uploads": "wp-content/uploads"}

func root(name string, records ...sourcetest.Record) sourcetest.Root {
	return sourcetest.Root{Root: source.Root{Name: name, Target: roots[name]}, Records: records}
}

func file(path, text string) sourcetest.Record {
	return sourcetest.Record{Kind: 'f', Path: path, Text: text}
}

// docroot makes a document root with files; their content is their name.
func docroot(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// copyInto copies all roots, uploads in three streams.
func copyInto(t *testing.T, dir string, s *sourcetest.Server) (files.Report, error) {
	t.Helper()
	return copyBy(t, dir, s, &files.Copier{Streams: 3, Parts: 8, Sizes: map[string]int64{"uploads": 1 << 30}})
}

func copyBy(t *testing.T, dir string, s *sourcetest.Server, copier *files.Copier) (files.Report, error) {
	t.Helper()
	client, err := source.New(context.Background(), s.Job(), source.Options{Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	opened, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	copier.Client, copier.Root, copier.Spend = client, opened, func(int64) error { return nil }
	copier.Save = func([]files.Part) error { return nil }
	var wanted []source.Root
	for _, r := range s.Site.Roots {
		wanted = append(wanted, r.Root)
	}
	err = copier.Copy(context.Background(), wanted)
	return copier.Report(), err
}

func wantFile(t *testing.T, dir, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
		t.Errorf("%s holds %.60q (%v), want %.60q", name, got, err, want)
	}
}

func wantNone(t *testing.T, dir, name string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there (%v)", name, err)
	}
}

func TestATree(t *testing.T) {
	long := strings.Repeat("ä", 127)
	big := strings.Repeat("0123456789", 5000)
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads",
		sourcetest.Record{Kind: 'd', Path: "2024"}, file("2024/a b.jpg", "a"), file("2024/"+long, "long"), file("new/\xff\xfe", "raw"),
		file("big", big), file("empty", ""), sourcetest.Record{Kind: 'l', Path: "2024/link", Text: "../big"},
		sourcetest.Record{Kind: 's', Path: "x.sock", Text: "special"},
	)}})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Number < 4 {
			return sourcetest.Cut(w, 9000)
		}
		return w
	}
	dir := docroot(t)
	report, err := copyInto(t, dir, s)
	if err != nil {
		t.Fatal(err)
	}
	uploads := filepath.Join(dir, "wp-content/uploads")
	for name, want := range map[string]string{"2024/a b.jpg": "a", "2024/" + long: "long", "new/\xff\xfe": "raw", "big": big, "empty": "", "2024/link": big} {
		wantFile(t, uploads, name, want)
	}
	if report.Files != 5 || report.SkippedAt != 1 || report.Skipped[0].Path != "wp-content/uploads/x.sock" {
		t.Errorf("%+v", report)
	}
	if info, err := os.Stat(filepath.Join(uploads, "big")); err != nil || info.ModTime().Unix() != 1_700_000_000 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestImagesThemesAndPluginsGoOursStay(t *testing.T) {
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{
		root("plugins", file("shop/shop.php", "new"), file("custom-migrator/evil.php", "x")), root("themes", file("mine/style.css", "new")),
	}})
	ours := "wp-content/plugins/custom-migrator/custom-migrator.php"
	dir := docroot(t, ours, "wp-content/plugins/hello.php", "wp-content/themes/twenty/style.css")
	if _, err := copyInto(t, dir, s); err != nil {
		t.Fatal(err)
	}
	wantFile(t, dir, ours, ours)
	wantFile(t, dir, "wp-content/plugins/shop/shop.php", "new")
	wantNone(t, dir, "wp-content/plugins/hello.php")
	wantNone(t, dir, "wp-content/plugins/custom-migrator/evil.php")
	wantNone(t, dir, "wp-content/themes/twenty")
}

func TestCoreIsTakenWhereItDiffers(t *testing.T) {
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("core",
		file("wp-includes/version.php", "6.5"), file("index.php", "index.php"), file("wp-admin/new.php", "new"), file("wp-config.php", "stolen"),
	)}})
	dir := docroot(t, "wp-includes/version.php", "index.php", "wp-admin/old.php", "old.php", "wp-config.php", "wp-content/x.php")
	report, err := copyInto(t, dir, s)
	if err != nil || report.Files != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	for name, want := range map[string]string{
		"wp-includes/version.php": "6.5", "index.php": "index.php", "wp-admin/new.php": "new",
		"wp-config.php": "wp-config.php", "wp-content/x.php": "wp-content/x.php",
	} {
		wantFile(t, dir, name, want)
	}
	wantNone(t, dir, "wp-admin/old.php")
	wantNone(t, dir, "old.php")
}

func TestCoreIsTheImagesWherePHPRunsNoOther(t *testing.T) {
	for what, c := range map[string]struct {
		add  []sourcetest.Record
		from []files.Part
		want bool
	}{
		"all the same":            {nil, nil, true},
		"the web server's file":   {[]sourcetest.Record{file(".htaccess", "its own")}, nil, true},
		"other code":              {[]sourcetest.Record{file("index.php", "other")}, nil, false},
		"a former agent was here": {nil, []files.Part{{Root: "core"}}, false},
	} {
		s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{
			root("core", append(c.add, file("wp-includes/version.php", "wp-includes/version.php"))...),
		}})
		copier := &files.Copier{From: c.from}
		if _, err := copyBy(t, docroot(t, "wp-includes/version.php", "index.php", ".htaccess"), s, copier); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if copier.CoreIsImages() != c.want {
			t.Errorf("%s: %v", what, !c.want)
		}
	}
}

func TestAFileThatChangesIsTakenAgainOrListed(t *testing.T) {
	twice, always := file("a", "a"), file("b", "b")
	twice.Changed, always.Changed = 2, 100
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", twice, always)}})
	dir := docroot(t)
	report, err := copyInto(t, dir, s)
	if err != nil || report.Files != 1 || len(report.Skipped) != 1 || report.Skipped[0] != (files.Skipped{Path: "wp-content/uploads/b", Reason: "changed"}) {
		t.Errorf("%+v, %v", report, err)
	}
	wantFile(t, dir, "wp-content/uploads/a", "a")
	wantNone(t, dir, "wp-content/uploads/b")
}

func TestHalfOfAFileIsNeverLeft(t *testing.T) {
	begun := func(path string) sourcetest.Record { // and never ended
		raw := binary.AppendUvarint(append([]byte("f\x01"), path...), 0o644)
		return sourcetest.Record{Kind: 'f', Path: path, Raw: append(raw, "\x04\x01\x00b\x02<?"...)}
	}
	gone := sourcetest.Record{Kind: 's', Path: "b", Text: "missing"}
	for name, c := range map[string]struct {
		records []sourcetest.Record
		reason  string
	}{
		"it never stands still":     {[]sourcetest.Record{file("a", "a"), {Kind: 'f', Path: "b", Text: "<?php", Changed: 100}}, "changed"},
		"it went while it was read": {[]sourcetest.Record{file("a", "a"), begun("b"), gone}, "missing"},
		"the source goes on behind": {[]sourcetest.Record{begun("b"), file("a", "a")}, "changed"},
		"the source ends within it": {[]sourcetest.Record{file("a", "a"), begun("b")}, "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := docroot(t, "wp-content/plugins/b")
			report, err := copyInto(t, dir, sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("plugins", c.records...)}}))
			if err != nil || report.Files != 1 || len(report.Skipped) == 0 || report.Skipped[0] != (files.Skipped{Path: "wp-content/plugins/b", Reason: c.reason}) {
				t.Errorf("%+v, %v", report, err)
			}
			wantFile(t, dir, "wp-content/plugins/a", "a")
			wantNone(t, dir, "wp-content/plugins/b")
		})
	}
}

func TestHostileRecords(t *testing.T) {
	lying := binary.AppendUvarint([]byte("f\x01a"), 0o644)
	lying = append(lying, 5, 1, 0) // five bytes announced
	lying = append(lying, "b\x02hi"...)
	hostile := map[string]sourcetest.Record{
		"traversal":              file("../../etc/passwd", "x"),
		"traversal inside":       file("a/../../../x", "x"),
		"absolute":               file("/etc/passwd", "x"),
		"empty part":             file("a//b", "x"),
		"dot":                    file("./a", "x"),
		"NUL":                    file("a\x00b", "x"),
		"long name":              file(strings.Repeat("x", 256), "x"),
		"directory outside":      {Kind: 'd', Path: ".."},
		"link outside":           {Kind: 'l', Path: "a", Text: "../../../../etc"},
		"absolute link":          {Kind: 'l', Path: "a", Text: "/etc/passwd"},
		"unknown type":           {Kind: 'c', Path: "a"},
		"digest nobody asked":    {Kind: 'f', Path: "a", Raw: append([]byte("h\x01a\x01\x01\x01\x20"), make([]byte, 32)...)},
		"bytes of no file":       {Kind: 'f', Path: "a", Raw: []byte("b\x02hi")},
		"end of no file":         {Kind: 'f', Path: "a", Raw: []byte("z\x00\x00")},
		"fewer bytes than said":  {Kind: 'f', Path: "a", Raw: append(lying, "z\x00\x05"...)},
		"length beyond the data": {Kind: 'f', Path: "a", Raw: []byte("b\xff\xff\x03hi")},
		"file from its middle":   {Kind: 'f', Path: "a", Raw: []byte("f\x01a\x01\x05\x01\x03")},
	}
	for name, record := range hostile {
		t.Run(name, func(t *testing.T) {
			s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", record)}})
			outer := t.TempDir()
			dir := filepath.Join(outer, "html")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := copyInto(t, dir, s)
			if code, _ := failure.Of(err); err == nil || code != job.SourceInvalid {
				t.Errorf("got %v", err)
			}
			entries, err := os.ReadDir(outer)
			if err != nil || len(entries) != 1 {
				t.Errorf("beside the document root: %v, %v", entries, err)
			}
		})
	}
}

func TestATargetOutsideIsRefused(t *testing.T) {
	bad := root("uploads", file("x", "x"))
	bad.Target = "../x"
	_, err := copyInto(t, docroot(t), sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{bad}}))
	if code, _ := failure.Of(err); code != job.SourceInvalid {
		t.Errorf("got %v", err)
	}
}

// Each link alone looks as if it stayed inside; what counts is where the kernel goes.
func TestLinksAreNotFollowedOutOfTheSite(t *testing.T) {
	link := func(path, target string) sourcetest.Record {
		return sourcetest.Record{Kind: 'l', Path: path, Text: target}
	}
	dir := func(path string) sourcetest.Record { return sourcetest.Record{Kind: 'd', Path: path} }
	hostile := map[string][]sourcetest.Record{
		"climbing behind a name": {dir("d1/d2"), link("d1/d2/a", "../../top"), link("d1/d2/x", "a/../../..")},
		"climbing too far":       {dir("d1/d2"), link("d1/d2/x", "../../../..")},
		"an empty part":          {link("x", "a//../..")},
		"a dot":                  {link("x", "./y")},
	}
	for name, records := range hostile {
		t.Run(name, func(t *testing.T) {
			_, err := copyBy(t, docroot(t), sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", records...)}}), &files.Copier{})
			if code, _ := failure.Of(err); err == nil || code != job.SourceInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNothingIsWrittenThroughALinkOfTheSource(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "html")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads",
		sourcetest.Record{Kind: 'd', Path: "d1/d2/d3"}, sourcetest.Record{Kind: 'd', Path: "top"},
		sourcetest.Record{Kind: 'l', Path: "d1/d2/d3/a", Text: "../../../top"},
		// By its name this link climbs to d1; through the link before it, it would climb out of the document root.
		sourcetest.Record{Kind: 'l', Path: "d1/d2/d3/a/x", Text: "../../.."}, file("d1/d2/d3/a/y", "y"), file("d1/d2/d3/a/x/z", "z"),
	)}})
	if _, err := copyBy(t, dir, s, &files.Copier{}); err != nil {
		t.Fatal(err)
	}
	uploads := filepath.Join(dir, "wp-content/uploads")
	wantFile(t, uploads, "d1/d2/d3/a/y", "y")
	wantFile(t, uploads, "d1/d2/d3/a/x/z", "z")
	wantNone(t, uploads, "top/y")
	if entries, err := os.ReadDir(outer); err != nil || len(entries) != 1 {
		t.Errorf("beside the document root: %v, %v", entries, err)
	}
}

func TestTheVolumesRoomIsALimit(t *testing.T) {
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", file("a", strings.Repeat("x", 100_000)))}})
	_, err := copyBy(t, docroot(t), s, &files.Copier{Room: 50_000})
	if code, detail := failure.Of(err); code != job.TooLarge || !strings.Contains(detail, "volume") {
		t.Errorf("got %v", err)
	}
}

// A link within the site may lead to a place where the source then writes; it must not lead out of the document root.
func TestLinksInTheWayAreReplaced(t *testing.T) {
	dir := docroot(t, "wp-config.php")
	if err := os.MkdirAll(filepath.Join(dir, "wp-content/uploads"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(dir, "wp-content/uploads/a")); err != nil {
		t.Fatal(err)
	}
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", file("a", "new"), file("b/c", "new"), file("b", "now a file"))}})
	if _, err := copyBy(t, dir, s, &files.Copier{}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, dir, "wp-content/uploads/a", "new")
	wantFile(t, dir, "wp-content/uploads/b", "now a file")
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a file outside of the document root was written")
	}
}
