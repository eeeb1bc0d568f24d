"""What is planted in the wordpress container: files, memory, processes, and what must be refused."""

from __future__ import annotations

from bench.leak.places import (
    RENICE,
    RENICE_LOOK,
    SITE,
    SURVIVOR,
    SURVIVOR_LOOK,
    Place,
    attribute_on,
    closed_connection,
    number_of,
    perl,
)

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
        "plugin",
        SITE,
        "wordpress.files",
        'd=/var/www/html/wp-content/plugins/$C; mkdir -p $d && echo "<?php // $C" > $d/$C.php',
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
    attribute_on("/var/www/html/wp-admin", SITE, "wordpress.files", "extended_attribute"),
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
# Root's own, and everybody's to write. Volumes in memory are sticky: there the kernel lets only the owner
# attach anything.
_ROOTS = tuple(
    attribute_on(place, SITE, "wordpress.scratch", refused=sticky)
    for place, sticky in (
        ("/var/www", False),
        ("/dev/termination-log", False),
        ("/tmp", True),  # noqa: S108
        ("/run/clone", True),
    )
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
        perl("$v=shift; defined($i=shmget(7001,4096,01666)) or exit 1; exit !shmwrite($i,$v,0,length $v)"),
        look="awk '$1==7001' /proc/sysvipc/shm",
        hook="sysv",
    ),
    Place(
        "sysv_queue",
        SITE,
        "wordpress.ipc",
        perl("defined($i=msgget(7002,01666)) or exit 1; exit !msgsnd($i,pack(q(l! a*),1,shift),0)"),
        look="awk '$1==7002' /proc/sysvipc/msg",
        hook="sysv",
    ),
    Place(
        "sysv_semaphore",
        SITE,
        "wordpress.ipc",
        perl("exit !defined semget(7003,1,01666)"),
        look="awk '$1==7003' /proc/sysvipc/sem",
        hook="sysv",
    ),
    Place(
        "background_process",
        SITE,
        "wordpress.processes",
        SURVIVOR,
        look=SURVIVOR_LOOK,
        hook="kill",
    ),
    Place(
        "limits_of_pid_1",
        SITE,
        "wordpress.limits",
        RENICE,
        look=RENICE_LOOK,
        lethal=True,
    ),
)
_NETWORK = (closed_connection("closed_connection", SITE, 7004),)
_REFUSED = (
    Place(
        "kernel_keyring",
        SITE,
        "wordpress.keyrings",
        perl(f"exit(syscall({number_of('keyctl')},0,-4,1)<0 && $!{{EPERM}})"),
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

SITE_PLACES: tuple[Place, ...] = (*_DOCROOT, *_ROOTS, *_MEMORY, *_NETWORK, *_REFUSED)
