#!/bin/sh
# Turns a Debian root tree ($1) into what wordpress:*-apache offers: Apache with PHP, and WordPress in /usr/src/wordpress.
set -eu
root=$1

# Debian links scripts and certificates out of its package; the official image has plain files.
chroot "$root" cp -aL /usr/share/wordpress /usr/src/wordpress
rm -rf "$root/usr/share/wordpress" "$root/usr/src/wordpress/wp-config.php"
chown -R 33:33 "$root/usr/src/wordpress"

# What a container never reads.
rm -f "$root"/usr/bin/mariadb* "$root"/usr/bin/mysql*
rm -rf "$root"/var/www/html "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/* \
  "$root"/usr/share/locale "$root"/usr/share/i18n "$root"/usr/share/javascript "$root"/usr/share/nodejs \
  "$root"/usr/share/php/getid3 "$root"/usr/lib/x86_64-linux-gnu/perl "$root"/usr/share/perl
rm -rf "$root"/run/* "$root"/tmp/*
