package importer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// exotic are tables of other servers, each with one row. On some no server gets them as they are.
func exotic() (tables []sourcetest.Table) {
	add := func(name, body, kind, cell string) {
		tables = append(tables, sourcetest.Table{
			Table: sourcetest.Definition(fmt.Sprintf(`{"name": %q, "type": "table", "columns": [{"name": "id", "kind": "number"}, {"name": "c", "kind": %q}]}`, name, kind)),
			Cells: [][]any{{"1", cell}},
		})
		tables[len(tables)-1].Create = "CREATE TABLE `" + name + "` (\n  `id` int NOT NULL,\n  " + body + "\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
	}
	add("wp_vectors", "`c` vector(3) NOT NULL,\n  PRIMARY KEY (`id`),\n  VECTOR KEY `v` (`c`) `m`=6 `distance`=cosine", "binary", "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40")
	add("wp_hashed", "`c` longtext NOT NULL,\n  PRIMARY KEY (`id`),\n  KEY `id_c` (`id`,`c`(9)),\n  UNIQUE KEY `u` (`c`) USING HASH", "text", "x")
	add("wp_newer", "`c` hologram NOT NULL", "other", "x")
	add("wp_keyless", "`c` text,\n  KEY `k` (`nothing`)", "text", "x")
	add("wp_broken", "`c` text,\n  PRIMARY KEY (`nothing`)", "text", "x")
	return tables
}

func exoticTables(t *testing.T, address database.Address) {
	site := shop()
	site.Tables = append(site.Tables, exotic()...)
	site.Tables = append(site.Tables, sourcetest.Table{Table: source.Table{Name: "wp_seen", Type: "view", Create: "CREATE VIEW `wp_seen` AS select 1 from `wp_newer`"}})
	line := importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil)
	if line.Result != job.ResultOK {
		t.Fatalf("%+v", line)
	}
	pool := open(t, address)
	var version, there string
	if err := pool.QueryRow("SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	mariaDB := strings.Contains(version, "MariaDB")
	report, err := json.Marshal(line.Fidelity)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{
		`{"name":"wp_newer","reason":"incompatible","error":"is not what a server prints (or of a newer server): a column of the type hologram"}`,
		`{"name":"wp_broken","reason":"incompatible","error":"Error 1072`, `{"table":"wp_keyless","change":"without KEY ` + "`k`" + `","error":"Error 1072`,
		`"views_failed":[{"name":"wp_seen"`, `"tables_differing":[]`,
	}
	if !mariaDB { // an old MariaDB has no vectors; each has keys of whole texts
		wanted = append(wanted, `{"table":"wp_vectors","change":"without VECTOR KEY `+"`v`"+`","error":"Error 1064`, `{"table":"wp_hashed","change":"without UNIQUE KEY `+"`u`"+`","error":"Error 1170`)
		if err := pool.QueryRow("SELECT HEX(c) FROM wp_vectors").Scan(&there); err != nil || there != "0000803F0000004000004040" {
			t.Errorf("the vector is %s, %v", there, err)
		}
	}
	for _, want := range wanted {
		if !strings.Contains(string(report), want) {
			t.Errorf("no %s in %s", want, report)
		}
	}
	var keys int
	if err := pool.QueryRow("SELECT COUNT(DISTINCT INDEX_NAME) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_NAME = 'wp_hashed' AND INDEX_NAME <> 'u'").Scan(&keys); err != nil || keys != 2 {
		t.Errorf("%d keys that every server takes, %v", keys, err)
	}
}
