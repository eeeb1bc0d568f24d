package database

import (
	"strings"
	"testing"
)

func mysqlTarget() *Target {
	t := &Target{collations: map[string]bool{}}
	for name := range strings.FieldsSeq("utf8mb4_0900_ai_ci utf8mb4_0900_as_cs utf8mb4_0900_as_ci utf8mb4_unicode_520_ci utf8mb4_unicode_ci " +
		"utf8mb4_general_ci utf8mb4_bin utf8mb3_general_ci utf8mb3_unicode_ci utf8mb3_unicode_520_ci latin1_swedish_ci utf8mb4_sv_0900_ai_ci utf8mb4_sv_0900_as_cs utf8mb4_swedish_ci utf8mb3_swedish_ci utf8mb4_persian_ci") {
		t.collations[name] = true
	}
	return t
}

func TestCollations(t *testing.T) {
	target := mysqlTarget()
	for name, want := range map[string]string{
		"utf8mb4_unicode_ci":            "utf8mb4_unicode_ci",
		"utf8mb4_uca1400_ai_ci":         "utf8mb4_0900_ai_ci",
		"uca1400_as_ci":                 "utf8mb4_0900_as_ci",
		"utf8mb4_uca1400_nopad_as_cs":   "utf8mb4_0900_as_cs",
		"utf8mb4_uca1400_swedish_ai_ci": "utf8mb4_sv_0900_ai_ci",
		"utf8mb4_uca1400_swedish_as_cs": "utf8mb4_sv_0900_as_cs",
		"utf8mb4_uca1400_swedish_as_ci": "utf8mb4_swedish_ci",
		"utf8mb3_uca1400_swedish_ai_ci": "utf8mb3_swedish_ci",
		"utf8mb4_uca1400_persian_ai_ci": "utf8mb4_persian_ci",
		"utf8mb4_uca1400_klingon_ai_ci": "utf8mb4_0900_ai_ci",
		"utf8mb3_uca1400_ai_ci":         "utf8mb3_unicode_520_ci",
		"utf8mb4_general_nopad_ci":      "utf8mb4_general_ci",
		"utf8_general_ci":               "utf8mb3_general_ci",
		"klingon_ci":                    "utf8mb4_unicode_520_ci",
	} {
		if got := target.collation(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
	maria := &Target{MariaDB: true, collations: map[string]bool{"utf8mb4_unicode_520_ci": true, "utf8mb4_bin": true, "utf8mb4_uca1400_swedish_ai_ci": true}}
	for name, want := range map[string]string{"utf8mb4_0900_ai_ci": "utf8mb4_unicode_520_ci", "utf8mb4_0900_as_cs": "utf8mb4_bin", "utf8mb4_sv_0900_ai_ci": "utf8mb4_uca1400_swedish_ai_ci"} {
		if got := maria.collation(name); got != want {
			t.Errorf("%s becomes %s on MariaDB, want %s", name, got, want)
		}
	}
}

func TestDefinitions(t *testing.T) {
	cases := map[string][2]string{
		"engine and its options": {
			"CREATE TABLE `a` (\n  `id` int\n) ENGINE=Aria AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci PAGE_CHECKSUM=1 TRANSACTIONAL=0",
			"CREATE TABLE `a` (\n  `id` int\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
		},
		"what is quoted is left alone": {
			"CREATE TABLE `ENGINE=Aria` (\n  `DATA DIRECTORY='x'` int COMMENT 'it''s ENGINE=Aria COLLATE uca \\' x'\n) ENGINE=MyISAM COMMENT='CONNECTION=''a'' )'",
			"CREATE TABLE `ENGINE=Aria` (\n  `DATA DIRECTORY='x'` int COMMENT 'it''s ENGINE=Aria COLLATE uca \\' x'\n) ENGINE=InnoDB COMMENT='CONNECTION=''a'' )'",
		},
		"places and encryption": {
			"CREATE TABLE `a` (\n  `id` int\n) ENGINE=InnoDB DATA DIRECTORY='/srv/x/' INDEX DIRECTORY='/y' ENCRYPTION='Y' CONNECTION='mysql://u:p@h/d' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
			"CREATE TABLE `a` (\n  `id` int\n) ENGINE=InnoDB",
		},
		"types": {
			"CREATE TABLE `a` (\n  `uuid` uuid NOT NULL DEFAULT uuid(),\n  `ip` inet6 DEFAULT NULL,\n  KEY `uuid` (`uuid`)\n) ENGINE=InnoDB",
			"CREATE TABLE `a` (\n  `uuid` char(36) NOT NULL DEFAULT (uuid()),\n  `ip` varchar(45) DEFAULT NULL,\n  KEY `uuid` (`uuid`)\n) ENGINE=InnoDB",
		},
		"a row's time": {
			"CREATE TABLE `a` (\n  `id` int,\n  `f` timestamp(6) GENERATED ALWAYS AS ROW START,\n  `t` timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,\n  PERIOD FOR SYSTEM_TIME (`f`, `t`)\n) ENGINE=InnoDB WITH SYSTEM VERSIONING",
			"CREATE TABLE `a` (\n  `id` int,\n  `f` timestamp(6) DEFAULT CURRENT_TIMESTAMP(6),\n  `t` timestamp(6) DEFAULT '2038-01-19 03:14:07' INVISIBLE\n) ENGINE=InnoDB",
		},
		"XML": {"CREATE TABLE `a` (\n  `x` xmltype DEFAULT NULL\n)", "CREATE TABLE `a` (\n  `x` longtext DEFAULT NULL\n)"},
		"a text's default": {
			"CREATE TABLE `a` (\n  `t` longtext NOT NULL DEFAULT 'a,b',\n  `v` varchar(9) DEFAULT 'x',\n  `n` text DEFAULT NULL\n)",
			"CREATE TABLE `a` (\n  `t` longtext NOT NULL DEFAULT ('a,b'),\n  `v` varchar(9) DEFAULT 'x',\n  `n` text DEFAULT NULL\n)",
		},
	}
	for name, c := range cases {
		got, err := mysqlTarget().Adapt(c[0], strings.Split(c[0], "`")[1])
		if err != nil || got != c[1] {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, c[1])
		}
	}
}

func TestDefiners(t *testing.T) {
	const view = "VIEW `v` AS select 'DEFINER=`x`@`y` ' AS `d`"
	for _, clause := range []string{"DEFINER=`root`@`localhost` ", "DEFINER = 'a'@'%' ", "DEFINER=CURRENT_USER "} {
		if got := withoutDefiner("CREATE " + clause + view); got != "CREATE "+view {
			t.Errorf("%s: %s", clause, got)
		}
	}
}

func TestKeysAreTakenOutAndNoColumnWith(t *testing.T) {
	left, keys := withoutKeys("CREATE TABLE `a` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `KEY` longtext COMMENT 'KEY `x` (`id`)',\n  PRIMARY KEY (`KEY`(9),`id`),\n  KEY `counts` (`id`),\n" +
		"  UNIQUE KEY `u` (`KEY`,`id`) USING HASH,\n  VECTOR KEY `v` (`KEY`) `m`=6 `distance`=cosine\n) ENGINE=InnoDB")
	want := "CREATE TABLE `a` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `KEY` longtext COMMENT 'KEY `x` (`id`)',\n  PRIMARY KEY (`KEY`(9),`id`),\n  KEY `counts` (`id`)\n) ENGINE=InnoDB"
	if left != want || len(keys) != 2 || keys[0] != "UNIQUE KEY `u` (`KEY`,`id`) USING HASH" {
		t.Errorf("%s\n%q", left, keys)
	}
}
