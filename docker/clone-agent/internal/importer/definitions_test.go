package importer

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// definitions are what servers of many kinds print of their tables; the clone's must take them all. The engine is what becomes of it, empty: only MySQL takes it, and another server leaves it out.
var definitions = map[string]struct{ body, engine string }{
	"MariaDB's history with columns of its own": {"(\n  `id` int(11) NOT NULL,\n  `from` timestamp(6) GENERATED ALWAYS AS ROW START,\n  `to` timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,\n  PRIMARY KEY (`id`,`to`),\n" +
		"  PERIOD FOR SYSTEM_TIME (`from`, `to`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci WITH SYSTEM VERSIONING", "InnoDB"},

	"MySQL 5.7": {"(\n  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n  `d` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',\n  `y` year(4) DEFAULT NULL,\n" +
		"  `t` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,\n  `f` float(5,2) unsigned zerofill DEFAULT NULL,\n  PRIMARY KEY (`id`),\n" +
		"  KEY `d` (`d`) USING BTREE\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 CHECKSUM=1 COMMENT='it''s; -- #'", "InnoDB"},
	"MySQL 9": {"(\n  `id` binary(16) NOT NULL DEFAULT (uuid_to_bin(uuid())),\n  `a` int DEFAULT NULL /*!80023 INVISIBLE */,\n  `b` varchar(20) DEFAULT NULL,\n  `t` longtext COLLATE utf8mb4_0900_ai_ci DEFAULT (_utf8mb4'x'),\n" +
		"  `p` point NOT NULL /*!80003 SRID 0 */,\n  `j` json DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `e` ((lower(`b`))) ,\n  SPATIAL KEY `p` (`p`),\n  FULLTEXT KEY `t` (`t`) /*!50100 WITH PARSER `ngram` */ ,\n" +
		"  CONSTRAINT `c` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci /*!80016 DEFAULT ENCRYPTION='N' */", ""},
	"MariaDB 11.8": {"(\n  `id` uuid NOT NULL DEFAULT uuid(),\n  `ip` inet6 DEFAULT NULL,\n  `ip4` inet4 DEFAULT NULL,\n  `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)),\n" +
		"  `t` text NOT NULL DEFAULT 'x, y',\n  `z` longtext /*M!100301 COMPRESSED*/ DEFAULT NULL,\n  `d` date DEFAULT curdate(),\n  `n` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),\n" +
		"  `g` int(11) GENERATED ALWAYS AS (`v` + 1) VIRTUAL,\n  `v` int(11) DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  KEY `v` (`v`) IGNORED\n" +
		") ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci PAGE_CHECKSUM=1 TRANSACTIONAL=1 `encrypted`=YES", "InnoDB"},
	"MyISAM with words":              {"(\n  `id` int NOT NULL,\n  `t` text,\n  PRIMARY KEY (`id`),\n  FULLTEXT KEY `t` (`t`)\n) ENGINE=MyISAM DEFAULT CHARSET=latin1 ROW_FORMAT=FIXED PACK_KEYS=1 DELAY_KEY_WRITE=1 MAX_ROWS=1000", "InnoDB"},
	"a second column that counts up": {"(\n  `a` int NOT NULL,\n  `b` int NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`a`,`b`)\n) ENGINE=MyISAM", "MyISAM"},
	"more columns than InnoDB has":   {"(\n" + columns(1200, "`c%d` tinyint DEFAULT NULL") + "\n) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4", "MyISAM"},
	"wide rows":                      {"(\n" + columns(190, "`c%d` varchar(80) NOT NULL DEFAULT ''") + "\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4", "InnoDB"},
	"long keys":                      {"(\n  `a` varchar(255) NOT NULL,\n  `b` varchar(500) NOT NULL,\n  PRIMARY KEY (`a`),\n  KEY `b` (`b`(250),`a`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=COMPACT", "InnoDB"},
	"partitions":                     {"(\n  `id` int NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3\n/*!50100 PARTITION BY RANGE (`id`)\n(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB,\n PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */", "InnoDB"},
	"a key to another's column that is not unique": {"(\n  `id` int NOT NULL,\n  `v` int DEFAULT NULL,\n  KEY `v` (`v`),\n  CONSTRAINT `fk` FOREIGN KEY (`v`) REFERENCES `wp_gone` (`x`) ON DELETE SET NULL ON UPDATE CASCADE\n) ENGINE=InnoDB", "InnoDB"},
	"a check that the clone cannot make":           {"(\n  `v` varchar(9) DEFAULT NULL CHECK (`v` > 0),\n  CONSTRAINT `x` CHECK (no_such_function(`v`))\n) ENGINE=InnoDB", "InnoDB"},
}

func columns(n int, pattern string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "  " + fmt.Sprintf(pattern, i)
	}
	return strings.Join(all, ",\n")
}

func TestDefinitionsOfAllServers(t *testing.T) {
	server := newServer(t)
	db := openDatabase(t, server.Address)
	version, err := db.Version(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, definition := range definitions {
		t.Run(name, func(t *testing.T) {
			table := source.Table{Name: name, Type: "table", Create: "CREATE TABLE `" + name + "` " + definition.body}
			adapted, err := db.Recreate(context.Background(), []source.Table{table})
			if err != nil {
				t.Fatal(err)
			}
			if definition.engine == "" && strings.Contains(version, "MariaDB") {
				if len(adapted) != 1 || !adapted[0].LeftOut {
					t.Errorf("%+v", adapted)
				}
				return
			}
			var engine string
			err = server.root.QueryRow("SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_NAME = ?", name).Scan(&engine)
			if err != nil || definition.engine != "" && engine != definition.engine {
				t.Errorf("engine %s, %v; adapted %+v", engine, err, adapted)
			}
			if engine == "MyISAM" && (len(adapted) != 1 || adapted[0].Table != name || adapted[0].Error == "") {
				t.Errorf("the report says %+v", adapted)
			}
		})
	}
}
