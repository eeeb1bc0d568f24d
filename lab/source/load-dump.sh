#!/bin/sh
# Runs in the mysql container: replace the site's database by the dump on standard input.
# The password reaches the client by a file in the container's memory, never by arguments or environment.
set -eu
umask 077
conf=/tmp/dump.cnf
trap 'rm -f "$conf"' EXIT
printf '[client]\nuser=root\nsocket=/run/clone/mysqld.sock\npassword="%s"\n' "$(cat /etc/clone/root-password)" > "$conf"
mysql --defaults-file="$conf" --execute='DROP DATABASE wordpress; CREATE DATABASE wordpress CHARACTER SET utf8mb4'
mysql --defaults-file="$conf" --binary-mode --max-allowed-packet=1G --init-command="SET sql_mode = ''" wordpress
