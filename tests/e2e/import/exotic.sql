-- What live sites hold beside WordPress's own tables, and what must come out of an import byte for byte (docs/protocol.md,
-- section 5 and 6). Runs on MySQL and MariaDB as root. {prefix} and {url} are the site's.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone = '+00:00', foreign_key_checks = 0;

-- No key at all; NULL, nothing, and the text NULL; what a format of lines would stumble over.
CREATE TABLE {prefix}keyless (a VARCHAR(50), b TEXT, c INT) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}keyless VALUES
  (NULL, NULL, NULL), ('', '', 0), ('NULL', 'null', -1), ('\\N', '\\', 1), ('a\tb', 'line\nline\r\n', 2), ('\Z\0', '"quoted", it''s', 3),
  ('),(', '/* -- */ ;', 4), ('same', 'row', 5), ('same', 'row', 5), ('🦆 Ümläut', REPEAT('日本', 4000), 6), (' blanks  ', ' ', 7);

CREATE TABLE {prefix}composite (region CHAR(2) NOT NULL, number INT NOT NULL, note VARCHAR(20), PRIMARY KEY (region, number)) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}composite VALUES ('de', -5, 'x'), ('de', 0, NULL), ('de', 2147483647, ''), ('DK', 1, 'y'), ('', 0, 'empty');

-- Key of text that collations call equal in part, and one that counts up from nought.
CREATE TABLE {prefix}texts (name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, n INT);
INSERT INTO {prefix}texts VALUES ('a', 1), ('A', 2), ('ä', 3), ('b ', 4), ('', 5), ('it''s `quoted` \\', 6), ('%_', 7);
CREATE TABLE {prefix}zero_key (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 5000;
INSERT INTO {prefix}zero_key VALUES (0, 1), (1, 2), (18446744073709551614, 3);

-- Names that are words of SQL, or look like statements.
CREATE TABLE `{prefix}select` (`order` INT NOT NULL PRIMARY KEY, `group` TEXT, `x`` y` INT, `a'b"c\d` INT, `-- ; DROP TABLE {prefix}posts` INT,
  `ünïcödé €` INT, `ENGINE=MyISAM COLLATE x` INT) DEFAULT CHARSET=utf8mb4 COMMENT='it''s ENGINE=Aria; DEFINER=`x`@`y`';
INSERT INTO `{prefix}select` VALUES (1, 'from', 2, 3, 4, 5, 6), (2, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE `{prefix}a``b; DROP TABLE {prefix}users` (id INT PRIMARY KEY);
INSERT INTO `{prefix}a``b; DROP TABLE {prefix}users` VALUES (7);

CREATE TABLE {prefix}dates (id INT PRIMARY KEY, d DATE, dt DATETIME(6), ts TIMESTAMP(3) NULL, t TIME, y YEAR) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}dates VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '-838:59:59', 1901),
  (2, '2024-02-30', '2024-00-10 00:00:00', '1970-01-01 00:00:01', '00:00:00', 2155),
  (3, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999', '838:59:59', 0), (4, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE {prefix}numbers (id INT PRIMARY KEY, d DECIMAL(65,30), f FLOAT, g DOUBLE, i BIGINT, u BIGINT UNSIGNED, t TINYINT(1), z INT(8) ZEROFILL) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}numbers VALUES (1, 12345678901234567890123456789012345.123456789012345678901234567891, 0.1, 0.1, -9223372036854775808, 18446744073709551615, 1, 42),
  (2, -0.000000000000000000000000000001, 3.4028234e38, 1.7976931348623157e308, 9223372036854775807, 0, -128, 0),
  (3, 0, 16777217, 2.2250738585072014e-308, 0, 1, 127, 99999999), (4, NULL, 1.17549435e-38, 0.30000000000000004, NULL, NULL, NULL, NULL);

CREATE TABLE {prefix}bits (id INT PRIMARY KEY, one BIT(1), eight BIT(8), all_of_them BIT(64)) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}bits VALUES (1, b'1', b'00100111', ~0), (2, b'0', b'00001001', 0), (3, NULL, b'01011100', 9223372036854775808);

-- Each value of a byte, in every kind of column for bytes.
CREATE TABLE {prefix}bytes (id INT PRIMARY KEY, b BLOB, v VARBINARY(300), f BINARY(16), t TINYBLOB) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}bytes VALUES (1, {all_bytes}, {all_bytes}, 0x00, 0xFF), (2, '', '', REPEAT('\0', 16), 0x5C4E), (3, NULL, NULL, NULL, NULL);
CREATE TABLE {prefix}byte_key (k VARBINARY(16) NOT NULL PRIMARY KEY, v INT);
INSERT INTO {prefix}byte_key VALUES (0x00, 1), (0x0000, 2), (0xFF00FE, 3), ('', 4), (0x275C22, 5);

-- UTF-8 that an old plug-in wrote into latin1 by a connection that said latin1 too: it must arrive as it lies there.
CREATE TABLE {prefix}latin (id INT PRIMARY KEY, plain VARCHAR(100), wide VARCHAR(100) CHARACTER SET utf8mb4, old TEXT, cp VARCHAR(50) CHARACTER SET cp1251)
  DEFAULT CHARSET=latin1;
INSERT INTO {prefix}latin VALUES (1, _latin1 0xC3A4C3B6C3BC, 'äöü', _latin1 0xE282AC2081, _cp1251 0xCFF0E8E2E5F2), (2, _latin1 0x80FF, '€', '{url}/latin', NULL);

-- The table's own charset need not be the column's; enumerations, sets, spatial data.
CREATE TABLE {prefix}kinds (id INT PRIMARY KEY, e ENUM('a','it''s','ü') CHARACTER SET utf8mb4, s SET('x','y','z'), p POINT, g GEOMETRY) DEFAULT CHARSET=ascii;
INSERT INTO {prefix}kinds VALUES (1, 'it''s', 'x,z', ST_GeomFromText('POINT(1.5 -2.25)'), ST_GeomFromText('LINESTRING(0 0,1 1,2 0)')), (2, 'ü', '', NULL, NULL);

CREATE TABLE {prefix}made (id INT NOT NULL PRIMARY KEY, price DECIMAL(10,2), gross DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.19) STORED,
  label VARCHAR(40) GENERATED ALWAYS AS (CONCAT('no ', id)) VIRTUAL, KEY (label)) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}made (id, price) VALUES (1, 10.00), (2, 0.01), (3, NULL);

CREATE TABLE {prefix}documents (id INT PRIMARY KEY, doc JSON) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}documents VALUES (1, '{"n": 1.0, "big": 12345678901234567890, "s": "\\u00e9 \\"q\\" \\\\", "l": [null, true, {"deep": []}]}'), (2, 'null'), (3, NULL);

CREATE TABLE {prefix}parents (id INT PRIMARY KEY, child_id INT) DEFAULT CHARSET=utf8mb4;
CREATE TABLE {prefix}children (id INT PRIMARY KEY, parent_id INT, CONSTRAINT {prefix}fk1 FOREIGN KEY (parent_id) REFERENCES {prefix}parents (id)) DEFAULT CHARSET=utf8mb4;
ALTER TABLE {prefix}parents ADD CONSTRAINT {prefix}fk2 FOREIGN KEY (child_id) REFERENCES {prefix}children (id);
INSERT INTO {prefix}parents VALUES (1, 1);
INSERT INTO {prefix}children VALUES (1, 1);

-- Enough rows to come in several answers, in an order that a key of text decides, and none at all.
CREATE TABLE {prefix}many (k CHAR(32) NOT NULL PRIMARY KEY, v MEDIUMTEXT) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}many SELECT LEFT(SHA2(CONCAT(a.n, b.n, c.n, d.n), 256), 32), REPEAT(SHA2(CONCAT('v', a.n, b.n, c.n, d.n), 256), 1 + a.n * 4)
  FROM {digits} a, {digits} b, {digits} c, {digits} d;
CREATE TABLE {prefix}empty (id INT PRIMARY KEY) DEFAULT CHARSET=utf8mb4;

-- A cell of 64 MB that holds the site's address all over.
CREATE TABLE {prefix}large (id INT PRIMARY KEY, content LONGTEXT, raw LONGBLOB) DEFAULT CHARSET=utf8mb4;
INSERT INTO {prefix}large VALUES (1, LEFT(REPEAT(CONCAT(REPEAT('0123456789abcdef', 2048), '<a href="{url}/page/">ü</a>\n'), 2050), 67108864), NULL);
INSERT INTO {prefix}large VALUES (2, 'small', REPEAT({all_bytes}, 16384)), (3, '', '');

-- Transients and sessions stay at home.
INSERT INTO {prefix}options (option_name, option_value, autoload) VALUES ('_transient_trial', 'stays', 'no'), ('_site_transient_trial', 'stays', 'no'),
  ('trial_null_text', 'NULL', 'no'), ('trial_serialized', 'a:1:{s:3:"url";s:{url_length}:"{url}";}', 'no');
INSERT INTO {prefix}usermeta (user_id, meta_key, meta_value) VALUES (1, 'session_tokens', 'stays'), (1, '_application_passwords', 'stays'), (1, 'trial', 'travels');

-- Views that need each other in the other order of their names; a trigger of somebody else; what must not travel.
CREATE ALGORITHM=MERGE DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW {prefix}view_b AS SELECT region, COUNT(*) AS n FROM {prefix}composite GROUP BY region;
CREATE DEFINER=`root`@`localhost` VIEW {prefix}view_a AS SELECT * FROM {prefix}view_b WHERE n > 1;
CREATE TABLE {prefix}log (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, what VARCHAR(50)) DEFAULT CHARSET=utf8mb4;
CREATE DEFINER=`root`@`localhost` TRIGGER {prefix}after_composite AFTER INSERT ON {prefix}composite FOR EACH ROW INSERT INTO {prefix}log (what) VALUES (CONCAT('new; ', NEW.region));
CREATE DEFINER=`root`@`localhost` EVENT {prefix}event ON SCHEDULE EVERY 1 SECOND DO INSERT INTO {prefix}log (what) VALUES ('event');
CREATE DEFINER=`root`@`localhost` PROCEDURE {prefix}procedure () INSERT INTO {prefix}log (what) VALUES ('procedure');
CREATE DEFINER=`root`@`localhost` FUNCTION {prefix}function () RETURNS INT DETERMINISTIC RETURN 1;

-- Another WordPress whose prefix begins with this one's, and one that has nothing to do with it.
CREATE TABLE {prefix}dev_options (option_id INT PRIMARY KEY, option_name VARCHAR(191), option_value TEXT);
CREATE TABLE {prefix}dev_posts (ID INT PRIMARY KEY, post_content TEXT);
CREATE TABLE {prefix}dev_users (ID INT PRIMARY KEY, user_login VARCHAR(60));
INSERT INTO {prefix}dev_users VALUES (1, 'not ours');
CREATE TABLE other_site (id INT PRIMARY KEY);
