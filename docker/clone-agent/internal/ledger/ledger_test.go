package ledger

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const line = `{"time":1767225600,"kind":"http","host":"api.example.com","method":"POST","caller":"plugins/shop","outcome":"blocked"}`

// with writes files into a new folder and reads the ledger in it.
func with(t *testing.T, files map[string]string) Ledger {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Read(dir, 7, time.Unix(1767225700, 0))
}

func TestEntriesAndCountsArePassedOn(t *testing.T) {
	mail := `{"time":1767225601,"kind":"mail","host":"example.org","method":"wp_mail","caller":"core","outcome":"blocked","subject":"Your order"}`
	l := with(t, map[string]string{
		"outbound.1.jsonl":     line + "\n",
		"outbound.jsonl":       mail + "\n",
		"outbound.counts.json": `{"http api.example.com blocked": 3, "mail example.org blocked": 1, "http * blocked": 12}`,
	})
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"generation":7,"as_of":1767225700,"entries":[` + line +
		`,{"time":1767225601,"kind":"mail","host":"example.org","method":"wp_mail","caller":"core","outcome":"blocked"}],` +
		`"counts":[{"kind":"http","host":"*","outcome":"blocked","count":12},` +
		`{"kind":"http","host":"api.example.com","outcome":"blocked","count":3},` +
		`{"kind":"mail","host":"example.org","outcome":"blocked","count":1}]}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
}

func TestWhatTheSiteMadeUpIsLeftOut(t *testing.T) {
	for _, made := range []string{
		"no JSON", "[]", strings.Replace(line, "http", "gopher", 1), strings.Replace(line, "1767225600", "-1", 1),
		strings.Replace(line, "api.example.com", "api.example.com/path?query=1", 1), strings.Replace(line, "POST", "<b>", 1),
		strings.Replace(line, "plugins/shop", "plugins/../../x", 1), strings.Replace(line, "blocked", "sent", 1),
		strings.Replace(line, "api.example.com", strings.Repeat("x", 300), 1), `{"time":1767225600}`,
	} {
		l := with(t, map[string]string{"outbound.jsonl": made + "\n" + line + "\n", "outbound.counts.json": `["x"]`})
		if len(l.Entries) != 1 || len(l.Counts) != 0 {
			t.Errorf("%.60s: %+v", made, l)
		}
	}
	l := with(t, map[string]string{"outbound.counts.json": `{"http a.test blocked": 1.5, "x y": 1, "http a/b blocked": 1, "http a.test sent": 1}`})
	if len(l.Counts) != 0 {
		t.Errorf("counts %+v", l.Counts)
	}
}

func TestTheLatestAreKeptWhenThereAreMany(t *testing.T) {
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintln(&many, strings.Replace(line, "1767225600", fmt.Sprint(i+1), 1))
	}
	l := with(t, map[string]string{"outbound.jsonl": many.String()})
	if len(l.Entries) != maxEntries || l.Entries[maxEntries-1].Time != 1000 {
		t.Errorf("%d entries, the last of %d", len(l.Entries), l.Entries[len(l.Entries)-1].Time)
	}
}

func TestTrapsUnderTheLedgersNamesDoNoHarm(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "outbound.jsonl"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "outbound.1.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "outbound.counts.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if l := Read(dir, 1, time.Now()); len(l.Entries) != 0 || len(l.Counts) != 0 {
		t.Errorf("%+v", l)
	}
	if l := Read(filepath.Join(dir, "nothing"), 1, time.Now()); l.Entries == nil || l.Counts == nil {
		t.Errorf("%+v", l)
	}
}
