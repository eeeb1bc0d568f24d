#!/bin/sh
# Turns a Debian root tree ($1) into what mysql:* offers: the server, its clients, and the account mysql with uid 999.
set -eu
root=$1

chroot "$root" groupadd --system --gid 999 mysql
chroot "$root" useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home mysql

# The package brings every tool of the server, each as large as a server itself; a pod needs three.
find "$root/usr/bin" -maxdepth 1 -type f \( -name 'mysql*' -o -name 'myisam*' -o -name 'ib*' -o -name 'inno*' \
  -o -name 'my_print_defaults' -o -name 'perror' -o -name 'comp_err' -o -name 'zlib_decompress' \) \
  ! -name mysql ! -name mysqladmin ! -name mysqldump -delete

# What a container never reads, and plug-ins that no clone may load; the server itself loads one.
find "$root/usr/lib/mysql/plugin" -name '*.so' ! -name component_reference_cache.so -delete
rm -rf "$root"/etc/mysql "$root"/var/lib/mysql* "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/* \
  "$root"/usr/share/locale "$root"/usr/share/i18n "$root"/usr/lib/mysql-test "$root"/usr/share/mysql-test \
  "$root"/usr/lib/x86_64-linux-gnu/perl "$root"/usr/share/perl
rm -rf "$root"/run/* "$root"/tmp/*
