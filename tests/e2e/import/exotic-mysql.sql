-- What only MySQL has.
CREATE TABLE {prefix}only_mysql (id BINARY(16) NOT NULL DEFAULT (UUID_TO_BIN(UUID())) PRIMARY KEY, hidden INT INVISIBLE, tags JSON,
  name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs, word VARCHAR(10) COLLATE utf8mb4_ja_0900_as_cs, KEY down (name DESC),
  KEY made ((LOWER(name))), CONSTRAINT {prefix}longer CHECK (CHAR_LENGTH(name) > 1)) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}only_mysql (id, hidden, tags, name, word) VALUES (0x00112233445566778899AABBCCDDEEFF, 5, '["a", 1.50, {"b": null}]', 'Ärger', 'あ');
CREATE TABLE {prefix}old_charset (id INT PRIMARY KEY, t TEXT) ENGINE=MyISAM DEFAULT CHARSET=utf8mb3;
INSERT INTO {prefix}old_charset VALUES (1, 'ünïcödé');
CREATE TABLE {prefix}parts (id INT NOT NULL PRIMARY KEY, v INT) DEFAULT CHARSET=utf8mb4 PARTITION BY HASH (id) PARTITIONS 3;
INSERT INTO {prefix}parts VALUES (1, 1), (2, 2), (3, 3);
