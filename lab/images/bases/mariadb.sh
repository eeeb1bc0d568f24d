#!/bin/sh
# Turns a Debian root tree ($1) into a MariaDB server for a source site: the server, its client, and the account mysql with
# uid 999. lab/source/mariadb.sh is what runs in it.
set -eu
root=$1

chroot "$root" groupadd --system --gid 999 mysql
chroot "$root" useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home mysql
ln -sf mariadb "$root/usr/bin/mysql"
mkdir -p "$root/run/clone" "$root/etc/clone"

rm -rf "$root"/etc/mysql "$root"/var/lib/mysql* "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/* \
  "$root"/usr/share/locale "$root"/usr/share/i18n
mkdir -p "$root/var/lib/mysql"
rm -rf "$root"/tmp/*
