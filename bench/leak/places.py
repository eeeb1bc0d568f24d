"""The places of docs/security.md in which the leak test plants something, how, and which check covers each.

A plant is a shell script, run in a container as the container's own user, with `$C` the canary of this
place (lower-case letters, digits, underscores). It exits 0 if it left something; where nothing can be left,
which is `refused`, it must fail. What was planted is found again by the canary's bytes or name, wherever they
lie; where bytes do not tell, by the place's own `look`, a script that prints what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass

SITE, DATABASE = "wordpress", "mysql"


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        check: the check of the proof, `container.name`, that finds what is left here.
        hook: what a test build of the agent is told so that it leaves just this place uncleaned; None where
            no step of the restore is responsible.
        refused: nothing can be left here.
    """

    name: str
    container: str
    check: str
    plant: str
    look: str = ""
    hook: str | None = None
    refused: bool = False


def _perl(script: str) -> str:
    """System calls without a compiler: perl-base is in every Debian image."""
    return f"perl -e '{script}' $C"


_SURVIVOR = (
    "$0=q(canary); $SIG{$_}=q(IGNORE) for qw(HUP INT TERM USR1 USR2 PIPE CHLD); exit if fork; require POSIX; "
    "POSIX::setsid(); exit if fork; open($_,q(+</dev/null)) for (STDIN,STDOUT,STDERR); sleep 1 while 1"
)
_NOTE = "$n=q(user.note); $v=shift; exit(syscall(188,$p,$n,$v,length $v,0)!=0)"
_NOTED = "$n=q(user.note); $b=q( )x200; $l=syscall(191,$p,$n,$b,200); print substr($b,0,$l) if $l>0"
_XATTR = "$p=q(/var/www/html/wp-admin); $n=q(user.note);"
_APACHE_STARTED = "awk '{print $22}' /proc/$(cat /run/clone/apache2.pid)/stat"

_DOCROOT = (
    Place("docroot", SITE, "wordpress.files", "echo $C > /var/www/html/$C.php", hook="docroot"),
    Place(
        "upload",
        SITE,
        "wordpress.files",
        "d=/var/www/html/wp-content/uploads/2026/11; mkdir -p $d && echo $C > $d/$C.jpg",
        hook="docroot",
    ),
    Place(
        "must_use_plugin",
        SITE,
        "wordpress.files",
        'd=/var/www/html/wp-content/mu-plugins; mkdir -p $d && echo "<?php // $C" > $d/$C.php',
        hook="docroot",
    ),
    Place(
        "core_file_same_time",
        SITE,
        "wordpress.files",
        "cd /var/www/html/wp-includes; cp -p load.php /tmp/a && echo // $C >> load.php && "
        "touch -r /tmp/a load.php",
        hook="docroot",
    ),
    Place("htaccess", SITE, "wordpress.files", "echo '#' $C >> /var/www/html/.htaccess", hook="docroot"),
    Place("user_ini", SITE, "wordpress.files", "echo ';' $C >> /var/www/html/.user.ini", hook="docroot"),
    Place(
        "closed_directory",
        SITE,
        "wordpress.files",
        "d=/var/www/html/$C; mkdir -p $d/a/b && echo $C > $d/a/b/c && chmod 0 $d/a/b $d/a $d",
        hook="docroot",
    ),
    Place(
        "mode",
        SITE,
        "wordpress.files",
        "chmod 4777 /var/www/html/wp-settings.php",
        look="find /var/www/html/wp-settings.php -perm -4000",
        hook="docroot",
    ),
    Place(
        "extended_attribute",
        SITE,
        "wordpress.files",
        _perl(_XATTR + " $v=shift; exit(syscall(188,$p,$n,$v,length $v,0)!=0)"),
        look=_perl(_XATTR + " $b=q( )x200; $l=syscall(191,$p,$n,$b,200); print substr($b,0,$l) if $l>0"),
        hook="attributes",
    ),
    Place(
        "file_time",
        SITE,
        "wordpress.files",
        "touch -d '2009-02-13 23:31:30 UTC' /var/www/html/index.php",
        look="find /var/www/html/index.php -newermt 2009-02-13 ! -newermt 2009-02-14",
        hook="times",
    ),
    Place(
        "secrets_of_the_lease",  # access token and login key lie there, and the ledger of outgoing calls
        SITE,
        "wordpress.files",
        "mkdir -p /var/www/.clone && echo $C > /var/www/.clone/$C",
        hook="beside",
    ),
    Place("beside_docroot", SITE, "wordpress.files", "echo $C > /var/www/$C", hook="beside"),
    Place(
        "import_mark",
        SITE,
        "wordpress.files",
        "echo $C > /var/www/.importing",
        look="ls /var/www/.importing 2>/dev/null",
        hook="beside",
    ),
)


def _root_of(place: str, container: str = SITE) -> Place:
    """An extended attribute on a place that stays: root's own, and everybody's to write."""
    name = f"attribute_of_{place.strip('/').replace('/', '_').replace('-', '_')}"
    plant, look = (_perl(f"$p=q({place}); {script}") for script in (_NOTE, _NOTED))
    return Place(name, container, f"{container}.scratch", plant, look=look, hook="attributes")


_ROOTS = (
    _root_of("/var/www"),
    _root_of("/tmp"),  # noqa: S108
    _root_of("/run/clone"),
    _root_of("/dev/termination-log"),
    _root_of("/var/lib/mysql", DATABASE),
)
_MEMORY = (
    Place("tmp", SITE, "wordpress.scratch", "echo $C > /tmp/$C", hook="tmp"),
    Place("session", SITE, "wordpress.scratch", "echo 'user|' $C > /tmp/sess_0123456789", hook="tmp"),
    Place("run", SITE, "wordpress.scratch", "echo $C > /run/clone/$C", hook="run"),
    Place(
        "termination_log", SITE, "wordpress.scratch", "echo $C > /dev/termination-log", hook="termination-log"
    ),
    Place("shared_memory", SITE, "wordpress.ipc", "echo $C > /dev/shm/$C", hook="shm"),
    Place("message_queue", SITE, "wordpress.ipc", ": > /dev/mqueue/$C", hook="mqueue"),
    Place(
        "sysv_shared_memory",
        SITE,
        "wordpress.ipc",
        _perl("$v=shift; defined($i=shmget(7001,4096,01666)) or exit 1; exit !shmwrite($i,$v,0,length $v)"),
        look="awk '$1==7001' /proc/sysvipc/shm",
        hook="sysv",
    ),
    Place(
        "sysv_queue",
        SITE,
        "wordpress.ipc",
        _perl("defined($i=msgget(7002,01666)) or exit 1; exit !msgsnd($i,pack(q(l! a*),1,shift),0)"),
        look="awk '$1==7002' /proc/sysvipc/msg",
        hook="sysv",
    ),
    Place(
        "sysv_semaphore",
        SITE,
        "wordpress.ipc",
        _perl("exit !defined semget(7003,1,01666)"),
        look="awk '$1==7003' /proc/sysvipc/sem",
        hook="sysv",
    ),
    Place(
        "background_process",
        SITE,
        "wordpress.processes",
        _perl(_SURVIVOR),
        look="grep -lx canary /proc/[0-9]*/comm 2>/dev/null",
        hook="kill",
    ),
    Place(
        "opcode_cache",
        SITE,
        "wordpress.caches",
        "cat /run/clone/apache2.pid > /dev/null",
        look=_APACHE_STARTED,
    ),
)
_PORT = 7004
_CONNECTION = (
    f"$p=q(127.0.0.1:{_PORT}); $l=IO::Socket::INET->new(Listen=>1,LocalAddr=>$p,ReuseAddr=>1) or exit 1; "
    "$c=IO::Socket::INET->new($p) or exit 1; $a=$l->accept; close $c; close $a"
)
_NETWORK = (
    Place(
        "closed_connection",  # its ports stay in the kernel's table for a minute
        SITE,
        "wordpress.sockets",
        f"perl -MIO::Socket::INET -e '{_CONNECTION}'",
        look=f"grep ' 0100007F:{_PORT:04X} 06 ' /proc/net/tcp",
        hook="sockets",
    ),
)
_REFUSED = (
    Place(
        "kernel_keyring",
        SITE,
        "wordpress.keyrings",
        _perl("exit(syscall(250,0,-4,1)<0)"),
        refused=True,
    ),
    Place(
        "crontab",
        SITE,
        "wordpress.mounts",
        "mkdir -p /var/spool/cron && echo $C > /var/spool/cron/$C",
        refused=True,
    ),
    Place(
        "root_file_system", SITE, "wordpress.mounts", "echo $C > /opt/$C || echo $C > /etc/$C", refused=True
    ),
    Place("environment_of_pid_1", SITE, "wordpress.processes", "echo $C > /proc/1/environ", refused=True),
    Place("secret_mount", SITE, "wordpress.mounts", "echo $C > /etc/clone/$C", refused=True),
)


def _sql(statement: str, *, root: bool = False) -> str:
    """A statement on stdin. As root: with more rights than a site has, as if it had found a way to them."""
    login = (
        '-S /run/clone/mysqld.sock -uroot -p"$(cat /etc/clone/root-password)"'
        if root
        else '-h127.0.0.1 -uwordpress -p"$(cat /etc/clone/db-password)" wordpress'
    )
    return f'printf %s "{statement}" | mysql --no-defaults {login} 2>/dev/null'


def _rows(name: str, check: str, statement: str, *, root: bool = False) -> Place:
    return Place(name, DATABASE, check, _sql(statement, root=root), hook="datadir")


_MYSQL = (
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
        "temporary_table",
        "mysql.files",
        "CREATE TEMPORARY TABLE t3 (t LONGTEXT); INSERT INTO t3 VALUES (REPEAT('$C ', 50000))",
    ),
    _rows("procedure", "mysql.routines", "CREATE PROCEDURE $C() SELECT '$C'"),
    _rows("event", "mysql.events", "CREATE EVENT $C ON SCHEDULE EVERY 1 DAY DO SELECT '$C'"),
    _rows(
        "trigger",
        "mysql.triggers",
        "CREATE TABLE t4 (t TEXT); CREATE TRIGGER $C BEFORE INSERT ON t4 FOR EACH ROW SET NEW.t='$C'",
    ),
    _rows("account", "mysql.accounts", 'CREATE USER c1 ATTRIBUTE \'{\\"n\\":\\"$C\\"}\'', root=True),
    _rows("grant", "mysql.grants", "GRANT FILE ON *.* TO wordpress@127.0.0.1", root=True),
    _rows("schema", "mysql.schemas", "CREATE DATABASE $C", root=True),
    _rows(
        "foreign_server",
        "mysql.plugins",
        "CREATE SERVER $C FOREIGN DATA WRAPPER mysql OPTIONS (HOST '$C')",
        root=True,
    ),
    _rows("persisted_variable", "mysql.persisted", "SET PERSIST init_connect='SELECT 1 /* $C */'", root=True),
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
    Place(
        "old_password",
        DATABASE,
        "mysql.old_password",
        "cat /etc/clone/db-password > /dev/null",
    ),
)

PLACES: tuple[Place, ...] = (*_DOCROOT, *_ROOTS, *_MEMORY, *_NETWORK, *_REFUSED, *_MYSQL)
_BOTH = "/tmp /run/clone /dev/shm /dev/mqueue /dev/termination-log /etc/clone"  # noqa: S108
SEARCHED = {SITE: f"/var/www {_BOTH}", DATABASE: f"/var/lib/mysql {_BOTH}"}
"""By container, every mount that its user can write to, and the Secret."""
