"""What is planted in the mysql container: by the site's account, and as root, as if it had found a way."""

from __future__ import annotations

from bench.leak.places import (
    DATABASE,
    RENICE,
    RENICE_LOOK,
    SURVIVOR,
    SURVIVOR_LOOK,
    Place,
    attribute_on,
    closed_connection,
)


def _sql(statement: str, *, root: bool = False) -> str:
    """A statement on stdin. As root: with more rights than a site has, as if it had found a way to them."""
    login = (
        '-S /run/clone/mysqld.sock -uroot -p"$(cat /etc/clone/root-password)"'
        if root
        else '-h127.0.0.1 -uwordpress -p"$(cat /etc/clone/db-password)" wordpress'
    )
    return f'printf %s "{statement}" | mysql --no-defaults -N {login} 2>/dev/null'


def _rows(name: str, check: str, statement: str, *, root: bool = False, look: str = "") -> Place:
    return Place(name, DATABASE, check, _sql(statement, root=root), look=look, hook="datadir")


def _of_wordpress(name: str, table: str, statement: str) -> Place:
    """`$T` in the statement is the table of this name, whatever its prefix."""
    find = f"SELECT MIN(table_name) FROM information_schema.tables WHERE table_name LIKE '%{table}'"  # noqa: S608
    return Place(name, DATABASE, "mysql.schemas", f"T=$({_sql(find)}); {_sql(statement)}", hook="datadir")


def _denied(name: str, statement: str) -> Place:
    """Refused to the site's account for want of a right, not because it failed in another way."""
    plant = _sql(statement).replace("2>/dev/null", "2>&1") + " | grep -q denied && exit 1; true"
    return Place(name, DATABASE, "mysql.plugins", plant, refused=True)


def _holding(files: str) -> str:
    """A look into these files of the datadir only."""
    return f"cd /var/lib/mysql/data && grep -la $C {files} 2>/dev/null"


DATABASE_PLACES: tuple[Place, ...] = (
    attribute_on("/var/lib/mysql", DATABASE, "mysql.scratch"),
    closed_connection("closed_connection_of_mysql", DATABASE, 7005),
    _of_wordpress("option", "options", "INSERT INTO $T (option_name, option_value) VALUES ('$C', '$C')"),
    _of_wordpress(
        "post",
        "posts",
        "INSERT INTO $T (post_date, post_date_gmt, post_modified, post_modified_gmt, post_content, "
        "post_title, post_excerpt, to_ping, pinged, post_content_filtered) "
        "VALUES (NOW(), NOW(), NOW(), NOW(), '$C ', '$C ', '', '', '', '')",  # columns lie side by side
    ),
    _rows("table", "mysql.schemas", "CREATE TABLE $C (t TEXT); INSERT INTO $C VALUES ('$C')"),
    _rows(
        "deleted_rows",  # stay readable in redo, undo and the pages themselves
        "mysql.files",
        "CREATE TABLE t1 (t TEXT); INSERT INTO t1 VALUES (REPEAT('$C ', 500)); DELETE FROM t1",
    ),
    _rows(
        "dropped_table",
        "mysql.files",
        "CREATE TABLE t2 (t TEXT); INSERT INTO t2 VALUES (REPEAT('$C ', 500)); DROP TABLE t2",
    ),
    _rows(
        "redo_log",  # is cut into blocks of 512 bytes, so a search could miss one of these rows, but not all
        "mysql.files",
        "CREATE TABLE t5 (k INT PRIMARY KEY, v VARCHAR(200)); "
        "INSERT INTO t5 VALUES (1, '$C'), (2, '$C'), (3, '$C')",
        look=_holding("'#innodb_redo'/*"),
    ),
    _rows(
        "undo_log",  # keeps what an update has replaced
        "mysql.files",
        "CREATE TABLE t6 (k INT PRIMARY KEY, v VARCHAR(200)); INSERT INTO t6 VALUES (1, '$C'); "
        "UPDATE t6 SET v='gone'",
        look=_holding("undo_0*"),
    ),
    Place(
        "temporary_tablespace",  # is cut when its session ends, so this one goes on until it is killed
        DATABASE,
        "mysql.files",
        "P=$(cat /etc/clone/db-password); "
        'printf %s "CREATE TEMPORARY TABLE t3 (k INT PRIMARY KEY, v VARCHAR(200)); '
        "INSERT INTO t3 VALUES (1, '$C'); SELECT SLEEP(3000)\" | MYSQL_PWD=$P setsid mysql --no-defaults "
        "-h127.0.0.1 -uwordpress wordpress & sleep 0.5",
        look=_holding("'#innodb_temp'/* ibtmp1"),
        hook="datadir",
    ),
    _rows("procedure", "mysql.routines", "CREATE PROCEDURE $C() SELECT '$C'"),
    _rows("event", "mysql.events", "CREATE EVENT $C ON SCHEDULE EVERY 1 DAY DO SELECT '$C'"),
    _rows(
        "trigger",
        "mysql.triggers",
        "CREATE TABLE t4 (t TEXT); CREATE TRIGGER $C BEFORE INSERT ON t4 FOR EACH ROW SET NEW.t='$C'",
    ),
    _rows(
        "account",  # several, as until its page is written each lies in the redo log only, maybe cut in two
        "mysql.accounts",
        "; ".join(f'CREATE USER c{n} ATTRIBUTE \'{{\\"n\\":\\"$C\\"}}\'' for n in (1, 2, 3)),
        root=True,
    ),
    _rows(
        "grant",
        "mysql.grants",
        "GRANT FILE ON *.* TO wordpress@127.0.0.1",
        root=True,
        look=_sql("SHOW GRANTS FOR wordpress@127.0.0.1", root=True) + " | grep FILE",
    ),
    _rows("schema", "mysql.schemas", "CREATE DATABASE $C", root=True),
    _rows(
        "foreign_server",
        "mysql.plugins",
        "CREATE SERVER $C FOREIGN DATA WRAPPER mysql OPTIONS (HOST '$C')",
        root=True,
    ),
    _rows("persisted_variable", "mysql.persisted", "SET PERSIST init_connect='SELECT 1 /* $C */'", root=True),
    _rows(
        "durability",
        "mysql.durability",
        "SET PERSIST innodb_flush_log_at_trx_commit=0",
        root=True,
        look="grep -l innodb_flush_log_at_trx_commit /var/lib/mysql/data/mysqld-auto.cnf",
    ),
    _rows(
        "component",  # as INSTALL COMPONENT leaves it, for the next start to load
        "mysql.plugins",
        "INSERT INTO mysql.component (component_group_id, component_urn) VALUES (1, 'file://$C')",
        root=True,
        look=_sql("TABLE mysql.component", root=True) + " | grep $C",
    ),
    _denied("component_by_the_site", "INSTALL COMPONENT 'file://component_reference_cache'"),
    _denied("plugin_by_the_site", "INSTALL PLUGIN mysql_native_password SONAME 'mysql_native_password.so'"),
    _rows(
        "second_password",  # what ALTER USER leaves valid unless it is told to discard it
        "mysql.old_password",
        "ALTER USER wordpress@127.0.0.1 IDENTIFIED BY '$(cat /etc/clone/db-password)' "
        "RETAIN CURRENT PASSWORD",
        root=True,
        look=_sql("TABLE mysql.user", root=True) + " | grep additional_password",
    ),
    _rows(
        "general_log",
        "mysql.volume",
        "SET GLOBAL general_log_file='/var/lib/mysql/data/$C.log'; SET GLOBAL general_log=ON; SELECT '$C'",
        root=True,
    ),
    Place("file_in_datadir", DATABASE, "mysql.volume", "echo $C > /var/lib/mysql/data/$C", hook="datadir"),
    Place("beside_datadir", DATABASE, "mysql.volume", "echo $C > /var/lib/mysql/$C", hook="beside"),
    Place("mysql_tmp", DATABASE, "mysql.scratch", "echo $C > /tmp/$C", hook="tmp"),
    Place("mysql_run", DATABASE, "mysql.scratch", "echo $C > /run/clone/$C", hook="run"),
    Place("mysql_shared_memory", DATABASE, "mysql.ipc", "echo $C > /dev/shm/$C", hook="shm"),
    Place("mysql_process", DATABASE, "mysql.processes", SURVIVOR, look=SURVIVOR_LOOK, hook="kill"),
    Place("mysql_limits_of_pid_1", DATABASE, "mysql.limits", RENICE, look=RENICE_LOOK, lethal=True),
)

WRITE_ALL_PAGES = (
    _sql("SET GLOBAL innodb_max_dirty_pages_pct_lwm=0; SET GLOBAL innodb_max_dirty_pages_pct=0", root=True)
    + "; for i in $(seq 100); do "
    + _sql("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'", root=True)
    + " | grep -qw 0 && break; sleep 0.1; done"
)
"""Undo and temporary pages lie in memory for a while; a raw search is to find them in their files."""
