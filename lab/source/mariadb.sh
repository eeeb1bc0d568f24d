#!/bin/sh
# Runs in the mysql container of a source on MariaDB, in place of clone-agent: makes the datadir if there is none, sets the
# passwords of the mounted Secret, and becomes the server.
set -eu
umask 077
data=/var/lib/mysql/data
socket=/run/clone/mysqld.sock

if [ ! -d "$data/mysql" ]; then
  mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db
fi
cat > /run/clone/init.sql <<SQL
CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci;
CREATE USER IF NOT EXISTS 'wordpress'@'127.0.0.1';
ALTER USER 'wordpress'@'127.0.0.1' IDENTIFIED BY '$(cat /etc/clone/db-password)';
GRANT ALL PRIVILEGES ON wordpress.* TO 'wordpress'@'127.0.0.1';
ALTER USER 'root'@'localhost' IDENTIFIED BY '$(cat /etc/clone/root-password)';
SQL
exec mariadbd --no-defaults --datadir="$data" --socket="$socket" --pid-file=/run/clone/mysqld.pid --tmpdir=/tmp \
  --init-file=/run/clone/init.sql --bind-address=127.0.0.1 --skip-name-resolve --character-set-server=utf8mb4 \
  --max-allowed-packet=256M --event-scheduler=OFF --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2
