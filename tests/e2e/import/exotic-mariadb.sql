-- What only MariaDB has.
CREATE TABLE {prefix}only_mariadb (id UUID NOT NULL DEFAULT UUID() PRIMARY KEY, six INET6, four INET4, note TEXT DEFAULT 'text with a default',
  name VARCHAR(50) COLLATE uca1400_as_ci, tags JSON CHECK (JSON_VALID(tags)), gone INT INVISIBLE)
  ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci;
INSERT INTO {prefix}only_mariadb (id, six, four, name, tags, gone) VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.7', 'Ärger', '{"b":1.0}', 5),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:192.0.2.1', NULL, '', NULL, NULL);
CREATE TABLE {prefix}aria (id INT NOT NULL PRIMARY KEY, t TEXT) ENGINE=Aria DEFAULT CHARSET=latin1 ROW_FORMAT=PAGE;
INSERT INTO {prefix}aria VALUES (1, _latin1 0xC3A4);
CREATE TABLE {prefix}history (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO {prefix}history VALUES (1, 1), (2, 2);
UPDATE {prefix}history SET v = 3 WHERE id = 2;
CREATE SEQUENCE {prefix}sequence;
CREATE TABLE {prefix}packed (id INT PRIMARY KEY, t TEXT COMPRESSED) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}packed VALUES (1, REPEAT('pack ', 1000));
