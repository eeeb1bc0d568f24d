package mysqlctl

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"clonepool.dev/clone-agent/internal/secretwatch"
)

func TestPasswordsAreQuotedForSQL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "init.sql")
	err := writeInitFile(path, secretwatch.Secret{Generation: 1, DBPassword: `a'b\c"d`, RootPassword: "r;--"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	want := `ALTER USER 'wordpress'@'127.0.0.1' IDENTIFIED BY 'a''b\\c"d';` + "\n" +
		`ALTER USER 'root'@'localhost' IDENTIFIED BY 'r;--';` + "\n"
	if err != nil || string(text) != want {
		t.Errorf("wrote %s, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestPasswordsThatCannotBeTrustedToArriveAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "init.sql")
	for name, secret := range map[string]secretwatch.Secret{
		"two lines": {Generation: 1, DBPassword: "a\nDROP", RootPassword: "r"},
		"not ASCII": {Generation: 1, DBPassword: "a", RootPassword: "ü"},
		"no root":   {Generation: 1, DBPassword: "a"},
	} {
		if err := writeInitFile(path, secret); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheSocketIsThatOfTheServersSection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.cnf")
	text := "# socket=/comment\n[client]\nsocket = /client\n[mysqld]\ndatadir=/d\nsocket = /server\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := SocketPath(path); err != nil || got != "/server" {
		t.Errorf("socket %q, %v", got, err)
	}
}

// clean is a baseline with one row of each check.
func clean() Baseline {
	b := Baseline{}
	for check := range queries {
		b[check] = []string{"a", "b"}
	}
	return b
}

func TestABaselineFindsWhatIsMoreAndWhatIsLess(t *testing.T) {
	now := clean()
	now["accounts"] = []string{"a", "b", "backdoor"}
	now["triggers"] = []string{"b"}
	checks := clean().Compare(now)
	for check, want := range map[string][]string{"accounts": {"extra backdoor"}, "triggers": {"missing a"}, "plugins": {}} {
		if got := checks[check]; !reflect.DeepEqual(got.Findings, want) || got.OK != (len(want) == 0) {
			t.Errorf("%s: %+v, want %q", check, got, want)
		}
	}
}

func TestABaselineOfAnotherAgentIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "baseline.json")
	for name, change := range map[string]func(Baseline){"whole": func(Baseline) {}, "lacking": func(b Baseline) { delete(b, "routines") }} {
		b := clean()
		change(b)
		text, err := json.Marshal(b)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := LoadBaseline(path); (err == nil) != (name == "whole") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesCannotImitateTwoColumns(t *testing.T) {
	row := func(values ...string) string {
		all := make([]sql.NullString, len(values))
		for i, v := range values {
			all[i] = sql.NullString{String: v, Valid: v != "NULL"}
		}
		return join(all)
	}
	if row(`a" "b`) == row("a", "b") || row("NULL") == row(`"NULL"`) {
		t.Error("two different rows make one text")
	}
}
