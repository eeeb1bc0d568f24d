// Package ledger reads what the guard has written about the site's attempts to reach the world outside.
//
// The site runs as the user who owns these files, so they may hold anything: only what an entry can be is passed on, and
// no more than a bounded number of them.
package ledger

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"time"
)

const (
	maxFile    = 128 << 10 // the guard's own files have half of it
	maxEntries = 200
	maxCounts  = 110
)

// Entry is one attempt. A mail's subject, which the guard keeps for the dashboard, is not among its fields.
type Entry struct {
	Time    int64  `json:"time"` // seconds since 1970
	Kind    string `json:"kind"`
	Host    string `json:"host"`
	Method  string `json:"method"`
	Caller  string `json:"caller"`
	Outcome string `json:"outcome"`
}

// Count is how often something was tried; host `*` stands for all hosts that are not counted by name.
type Count struct {
	Kind    string `json:"kind"`
	Host    string `json:"host"`
	Outcome string `json:"outcome"`
	Count   int64  `json:"count"`
}

// Ledger is all that is known at a moment. Entries are the latest, oldest first.
type Ledger struct {
	Generation int64   `json:"generation"`
	AsOf       int64   `json:"as_of"`
	Entries    []Entry `json:"entries"`
	Counts     []Count `json:"counts"`
}

var (
	kinds    = map[string]bool{"http": true, "mail": true, "cron": true, "socket": true}
	outcomes = map[string]bool{"blocked": true, "allowed": true}
	host     = regexp.MustCompile(`^[A-Za-z0-9._:?*\[\]-]{0,253}$`)
	method   = regexp.MustCompile(`^[A-Za-z0-9._()-]{0,20}$`)
	plugin   = regexp.MustCompile(`^(core|(plugins|mu-plugins|themes)/[A-Za-z0-9._-]{1,80})$`)
)

// Read returns the ledger in dir; one that is not there, or cannot be read, is empty.
func Read(dir string, generation int64, now time.Time) Ledger {
	l := Ledger{Generation: generation, AsOf: now.Unix(), Entries: []Entry{}, Counts: []Count{}}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return l
	}
	defer root.Close()
	for _, name := range []string{"outbound.1.jsonl", "outbound.jsonl"} {
		l.Entries = append(l.Entries, entries(root, name)...)
	}
	l.Entries = l.Entries[max(0, len(l.Entries)-maxEntries):]
	l.Counts = counts(root, "outbound.counts.json")
	return l
}

func entries(root *os.Root, name string) (found []Entry) {
	lines := bufio.NewScanner(strings.NewReader(text(root, name)))
	lines.Buffer(nil, maxFile)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.valid() {
			found = append(found, e)
		}
	}
	return found
}

func (e Entry) valid() bool {
	return e.Time > 0 && kinds[e.Kind] && host.MatchString(e.Host) && method.MatchString(e.Method) &&
		plugin.MatchString(e.Caller) && outcomes[e.Outcome]
}

// counts are the largest of the numbers by `kind host outcome`.
func counts(root *os.Root, name string) []Count {
	found := []Count{}
	var numbers map[string]json.Number
	if json.Unmarshal([]byte(text(root, name)), &numbers) != nil {
		return found
	}
	for key, number := range numbers {
		n, err := number.Int64()
		part := strings.Split(key, " ")
		if err != nil || n < 1 || len(part) != 3 || !kinds[part[0]] || !host.MatchString(part[1]) || !outcomes[part[2]] {
			continue
		}
		found = append(found, Count{part[0], part[1], part[2], n})
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].Count != found[j].Count {
			return found[i].Count > found[j].Count
		}
		return found[i].Kind+found[i].Host < found[j].Kind+found[j].Host
	})
	return found[:min(len(found), maxCounts)]
}

// text is the content of a regular file of bounded size. Anything else under its name is no trap: a link out of the
// folder is not followed, a pipe not waited for.
func text(root *os.Root, name string) string {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return ""
	}
	return string(content)
}
