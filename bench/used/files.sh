#!/bin/sh
# Runs in a pod's wordpress container: leave 330 files of together 100 MB in uploads.
set -eu
mkdir -p /var/www/html/wp-content/uploads/2024
cd /var/www/html/wp-content/uploads/2024
head -c 300000 /dev/urandom > 1.jpg
for n in $(seq 2 330); do cp 1.jpg "$n.jpg"; done
