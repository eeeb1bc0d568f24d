package database

import (
	"errors"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

func TestHostileTablesAreRefused(t *testing.T) {
	const sound = "CREATE TABLE `a` (\n  `id` int\n)"
	for name, create := range map[string]string{
		"rows of another query":       sound + " SELECT * FROM `b`",
		"rows of another query, as":   "CREATE TABLE `a` (`id` int) AS SELECT 1",
		"like another":                "CREATE TABLE `a` LIKE `mysql`.`user`",
		"another table":               "CREATE TABLE `b` (`id` int)",
		"another schema":              "CREATE TABLE `mysql`.`a` (`id` int)",
		"a temporary one":             "CREATE TEMPORARY TABLE `a` (`id` int)",
		"replacing one":               "CREATE OR REPLACE TABLE `a` (`id` int)",
		"a second statement":          sound + "; DROP TABLE `b`",
		"a second statement, hidden":  sound + " /*!50000 ; DROP TABLE `b` */",
		"a comment":                   "CREATE TABLE `a` (`id` int -- )\n)",
		"a comment with a sign":       "CREATE TABLE `a` (`id` int # )\n)",
		"a comment in stars":          "CREATE TABLE /* */ `a` (`id` int)",
		"a variable":                  "CREATE TABLE `a` (`id` int DEFAULT (@@secure_file_priv))",
		"an expression that waits":    "CREATE TABLE `a` (`id` int DEFAULT (SLEEP(1000)))",
		"a column that reads a file":  "CREATE TABLE `a` (`t` text GENERATED ALWAYS AS (LOAD_FILE('/etc/clone/root-password')) STORED)",
		"a check that asks a table":   "CREATE TABLE `a` (`id` int, CHECK ((select 1 from `b`)))",
		"a type of its own":           "CREATE TABLE `a` (`id` evil)",
		"no columns":                  "CREATE TABLE `a` ()x",
		"a quote that is not closed":  "CREATE TABLE `a` (`id` int COMMENT 'x)",
		"a parenthesis too many":      "CREATE TABLE `a` (`id` int))",
		"a name that is not closed":   "CREATE TABLE `a` (`id int)",
		"a grant":                     "GRANT ALL ON *.* TO wordpress",
		"options that are statements": sound + " ENGINE=InnoDB IGNORE SELECT 1",
		"a letter of another script":  "CREATE TABLE `a` (`id` ınt)",
	} {
		if adapted, err := mysqlTarget().Adapt(create, "a"); !errors.Is(err, errStatement) {
			t.Errorf("%s: %v, would execute %s", name, err, adapted)
		}
	}
}

func TestWhatSaysWhereRowsLieIsLeftBehind(t *testing.T) {
	const body = "CREATE TABLE `a` (\n  `id` int\n)"
	for _, options := range []string{
		"ENGINE=FEDERATED CONNECTION='mysql://u:p@10.0.0.1/d/t'", "ENGINE=CONNECT `TABLE_TYPE`='MYSQL' `HOST`=10", "ENGINE=MRG_MyISAM INSERT_METHOD=LAST UNION=(`b`,`mysql`.`user`)",
		"ENGINE=CSV DATA DIRECTORY='/srv/' INDEX DIRECTORY='/srv/'", "ENGINE=SPIDER COMMENT='x'", "ENGINE=InnoDB TABLESPACE `innodb_system`", "ENGINE=InnoDB /*!50100 TABLESPACE `x` STORAGE=DISK */",
		"ENGINE=InnoDB WITH SYSTEM VERSIONING", "ENGINE=InnoDB SECONDARY_ENGINE=rapid ENCRYPTION='Y' COMPRESSION='zlib'",
		"ENGINE=InnoDB\n/*!50100 PARTITION BY RANGE (`id`)\n(PARTITION p0 VALUES LESS THAN (10) DATA DIRECTORY = '/srv' ENGINE = FEDERATED) */",
		" PARTITION BY KEY (`id`) PARTITIONS 4",
	} {
		adapted, err := mysqlTarget().Adapt(body+" "+options, "a")
		adapted = strings.TrimSuffix(strings.TrimPrefix(adapted, body), " COMMENT='x'")
		if err != nil || adapted != "" && adapted != " ENGINE=InnoDB" {
			t.Errorf("%s: %v, leaves %q", options, err, adapted)
		}
	}
}

func TestViewsAreOneSelect(t *testing.T) {
	for name, c := range map[string]struct {
		create string
		sound  bool
	}{
		"a view":                   {"CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select `a`.`b` AS `b`,'it''s; -- #' AS `c`,-(1) AS `d` from (`a` left join `c` on((`a`.`x` <> `c`.`y`)))", true},
		"with names of columns":    {"CREATE VIEW `v` (`a`,`b`) AS select 1,2", true},
		"a common table":           {"CREATE VIEW `v` AS with `x` as (select 1) select * from `x`", true},
		"another view":             {"CREATE VIEW `w` AS select 1", false},
		"replacing one":            {"CREATE OR REPLACE VIEW `v` AS select 1", false},
		"of another schema":        {"CREATE VIEW `mysql`.`v` AS select 1", false},
		"a table":                  {"CREATE TABLE `v` AS select 1", false},
		"a second statement":       {"CREATE VIEW `v` AS select 1; DROP TABLE `x`", false},
		"into a file":              {"CREATE VIEW `v` AS select 1 INTO OUTFILE '/tmp/x'", false},
		"of a file":                {"CREATE VIEW `v` AS select load_file('/etc/passwd')", false},
		"waiting":                  {"CREATE VIEW `v` AS select sleep(1000)", false},
		"a variable":               {"CREATE VIEW `v` AS select @@version", false},
		"a comment":                {"CREATE VIEW `v` AS select 1 /*! INTO OUTFILE 'x' */", false},
		"a procedure":              {"CREATE PROCEDURE `v`() select 1", false},
		"nothing":                  {"", false},
		"only the beginning of it": {"CREATE VIEW `v`", false},
	} {
		if err := allowedView(c.create, "v"); (err == nil) != c.sound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTriggersAreTriggers(t *testing.T) {
	sound := source.Trigger{Name: "t", Timing: "BEFORE", Event: "INSERT", Statement: "\n SET NEW.`a` = 1"}
	if err := allowedTrigger(sound); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*source.Trigger){
		"its timing":    func(t *source.Trigger) { t.Timing = "BEFORE INSERT ON `x` FOR EACH ROW SET @a=1" },
		"its event":     func(t *source.Trigger) { t.Event = "TRUNCATE" },
		"another order": func(t *source.Trigger) { t.Statement = "FOLLOWS `x` SET NEW.a = 1" },
		"a definition":  func(t *source.Trigger) { t.Statement = "CREATE TABLE x (id int)" },
		"a comment":     func(t *source.Trigger) { t.Statement = "/*! DROP */ SET NEW.a = 1" },
		"no name":       func(t *source.Trigger) { t.Name = "" },
	} {
		trigger := sound
		change(&trigger)
		if err := allowedTrigger(trigger); !errors.Is(err, errStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesOfTables(t *testing.T) {
	table := func(names ...string) (out []source.Table) {
		for _, name := range names {
			out = append(out, source.Table{Name: name, Type: "table"})
		}
		return out
	}
	if err := Check(table("wp_a", "wp_A", "wp_`; DROP TABLE x", strings.Repeat("ü", 64))); err != nil {
		t.Error(err)
	}
	for _, names := range [][]string{{"wp_a", "wp_a"}, {""}, {"a\x00"}, {"a "}, {"\xff"}, {strings.Repeat("a", 65)}} {
		if code, _ := failure.Of(Check(table(names...))); code != job.SourceInvalid {
			t.Errorf("%q: %s", names, code)
		}
	}
}

func FuzzAdapt(f *testing.F) {
	f.Add("CREATE TABLE `a` (\n  `id` int DEFAULT uuid() COMMENT 'x',\n  KEY `k` (`id`)\n) ENGINE=Aria /*!50100 PARTITION BY KEY (id) */")
	f.Fuzz(func(t *testing.T, create string) {
		for _, target := range []*Target{mysqlTarget(), {MariaDB: true, collations: map[string]bool{}}} {
			if adapted, err := target.Adapt(create, "a"); err == nil {
				if err := allowedTable(adapted, "a"); err != nil {
					t.Errorf("%q would be executed: %v", adapted, err)
				}
				bare, _ := withoutKeys(adapted)
				if err := allowedTable(bare, "a"); err != nil {
					t.Errorf("%q, without keys: %v", bare, err)
				}
				if err := allowedTable(withoutConstraints(adapted), "a"); err != nil && !strings.Contains(adapted, "CONSTRAINT") {
					t.Errorf("%q, without constraints: %v", adapted, err)
				}
			}
		}
	})
}
