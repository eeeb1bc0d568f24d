#!/bin/sh
# Makes the pristine datadir, once, while the image is built: a MySQL with WordPress installed in it, shut down cleanly,
# packed, and described. mysqld runs here; PHP and tar run in the wordpress image's own root at /site, because the
# official MySQL image has neither.
set -eu

site=/site
bake=$site/bake
data=$bake/data
out=$bake/out
socket=$bake/mysqld.sock

server() {
  mysqld --defaults-file=/opt/clone/my.cnf --user=mysql --datadir="$data" --socket="$socket" \
    --pid-file="$bake/mysqld.pid" --skip-networking --innodb-redo-log-capacity=256M "$@"
}
in_site() { chroot "$site" "$@"; }

mkdir -p "$data" "$out"
chown 999:999 "$data" "$bake"
chmod 0750 "$data"

# The account's password is thrown away here: clone-agent sets the pod's own at every start.
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
cat > "$bake/setup.sql" <<SQL
CREATE DATABASE wordpress CHARACTER SET utf8mb4;
CREATE USER 'wordpress'@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON wordpress.* TO 'wordpress'@'127.0.0.1';
SQL
chmod 0644 "$bake/setup.sql"
server --initialize-insecure --init-file="$bake/setup.sql"
rm "$bake/setup.sql"

server &
pid=$!
until mysqladmin --user=root --socket="$socket" ping > /dev/null 2>&1; do
  kill -0 "$pid" || { echo "mysqld ended while the site was being installed" >&2; exit 1; }
  sleep 0.1
done
in_site php /bake/install.php /bake/mysqld.sock
clone-agent baseline --socket "$socket" > "$out/baseline.json"
# A slow shutdown merges and purges everything, so that the redo log is not needed any more.
mysql --user=root --socket="$socket" --execute='SET GLOBAL innodb_fast_shutdown = 0; SHUTDOWN'
wait "$pid"

# Identity and keys of this server, and files that every start makes anew.
rm -rf "$data"/auto.cnf "$data"/mysqld-auto.cnf "$data"/*.pem "$data"/ib_buffer_pool "$data"/binlog.* \
  "$data"/ibtmp1 "$data"/mysql_upgrade_history "$data/#innodb_temp"/* "$data/#innodb_redo"/*
clone-agent manifest "$data" > "$out/datadir.manifest"
# Two thirds of a datadir are zeros that InnoDB has written: holes take no time to unpack.
in_site cp -a --sparse=always /bake/data /bake/packed
in_site tar --create --format=gnu --sparse --sort=name --mtime=@0 --numeric-owner --owner=999 --group=999 \
  --directory=/bake/packed . | gzip -9n > "$out/pristine.tar.gz"
