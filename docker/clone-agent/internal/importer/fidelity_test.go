package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

func TestTheReportNamesEveryTableAndIsBounded(t *testing.T) {
	yes, no := true, false
	r := &run{preflight: &source.Preflight{}, journal: &journal{}, progress: newProgress(func(job.Line) {}, 1)}
	for i := range 2 * maxTables {
		report := TableReport{Name: fmt.Sprintf("wp_%05d", i), Source: 2, Clone: 2, Digest: strings.Repeat("a", 64), Changed: &no}
		switch i % 3 {
		case 1:
			report.Changed, report.ChangedBy = &yes, []string{"update_time"}
		case 2:
			report.Changed, report.Clone = nil, 1
		}
		r.reports = append(r.reports, report)
	}
	report := r.fidelity()
	for name, want := range map[string]int{"tables_copied": maxTables, "tables_changed": maxListed, "tables_unsure": maxListed, "tables_differing": maxListed} {
		text, err := json.Marshal(report[name])
		var list []any
		if err != nil || json.Unmarshal(text, &list) != nil || len(list) != want {
			t.Errorf("%s has %d entries (%v)", name, len(list), err)
		}
	}
	text, err := json.Marshal(report)
	if err != nil || report["tables"] != 2*maxTables {
		t.Errorf("%v tables, %v", report["tables"], err)
	}
	for _, want := range []string{
		`{"name":"wp_00000","source_rows":2,"clone_rows":2,"sha256":"` + strings.Repeat("a", 64) + `","changed":false}`,
		`{"changed_by":["update_time"],"table":"wp_00001"}`, `"clone_rows":1,"sha256":"` + strings.Repeat("a", 64) + `","changed":null}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestVersionsThatDiffer(t *testing.T) {
	r := &run{preflight: &source.Preflight{}, clonePHP: "8.4.16", cloneDatabase: "9.7.4-2", cloneWordPress: "6.8.1"}
	for _, c := range []struct {
		wordpress, php, server, database string
		differ                           []string
	}{
		{"6.8.1", "8.4.1-1+deb13u1", "mysql", "9.7.0", []string{}},
		{"6.8", "8.4.16", "mysql", "9.7.4", []string{"wordpress"}},
		{"6.8.1", "8.3.16", "mysql", "8.4.3", []string{"php", "database"}},
		{"6.8.1", "7.4", "mariadb", "9.7.4", []string{"php", "database"}},
		{"6.8.1", "", "mysql", "9.7.4", []string{"php"}},
	} {
		v := &r.preflight.Versions
		v.WordPress, v.PHP, v.Server, v.Database = c.wordpress, c.php, c.server, c.database
		if got := r.versions()["differ"].([]string); !slices.Equal(got, c.differ) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
