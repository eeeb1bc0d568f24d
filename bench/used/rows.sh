#!/bin/sh
# Runs in a pod's mysql container: leave a table of 50,000 rows and 50 MB.
set -eu
umask 077
conf=/tmp/used.cnf
printf '[client]\nuser=root\nsocket=/run/clone/mysqld.sock\npassword="%s"\n' "$(cat /etc/clone/root-password)" > "$conf"
mysql --defaults-file="$conf" wordpress <<'SQL'
SET cte_max_recursion_depth = 50000;
CREATE TABLE wp_used (n INT PRIMARY KEY, t TEXT) AS
  WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 50000)
  SELECT n, REPEAT(SHA2(n, 256), 16) AS t FROM counted;
SQL
