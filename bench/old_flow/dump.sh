#!/bin/sh
# Runs in the source's mysql container: its whole database as SQL on standard output.
set -eu
umask 077
conf=/tmp/old-flow.cnf
trap 'rm -f "$conf"' EXIT
printf '[client]\nuser=root\nsocket=/run/clone/mysqld.sock\npassword="%s"\n' "$(cat /etc/clone/root-password)" > "$conf"
mysqldump --defaults-file="$conf" --single-transaction --quick --no-tablespaces --default-character-set=utf8mb4 wordpress
