"""The places of docs/security.md in which the leak test plants something, how, and which check covers each.

A plant is a shell script, run in a container as the container's own user, with `$C` the canary of this
place (lower-case letters, digits, underscores). It exits 0 if it left something; where nothing can be left,
which is `refused`, it must fail. What was planted is found again by the canary's bytes or name, wherever they
lie; where bytes do not tell, or where it matters in which file they lie, by the place's own `look`, a script
that prints what it finds. Before the return the same search has to find all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

SITE, DATABASE = "wordpress", "mysql"
SYSTEM_CALLS = {"setxattr": (188, 5), "getxattr": (191, 8), "keyctl": (250, 219)}
"""By name, the numbers of x86-64 and arm64 (the kernel's asm/unistd.h of each)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        check: the check of the proof, `container.name`, that finds what is left here.
        hook: what a test build of the agent is told so that it leaves just this place uncleaned; None where
            no step of the restore is responsible.
        refused: nothing can be left here.
        lethal: whoever leaves something here loses the pod.
    """

    name: str
    container: str
    check: str
    plant: str
    look: str = ""
    hook: str | None = None
    refused: bool = False
    lethal: bool = False


def perl(script: str) -> str:
    """System calls without a compiler: perl-base is in every Debian image."""
    return f"perl -e '{script}' $C"


def number_of(call: str) -> str:
    """A Perl expression: the number of a system call on the machine where it runs."""
    amd64, arm64 = SYSTEM_CALLS[call]
    return f"(do {{ require POSIX; (POSIX::uname())[4] }} eq q(aarch64) ? {arm64} : {amd64})"


def attribute_on(place: str, container: str, check: str, name: str = "", *, refused: bool = False) -> Place:
    """An extended attribute on a place that stays."""
    name = name or f"attribute_of_{place.strip('/').replace('/', '_').replace('-', '_')}"
    begin = f"$p=q({place}); $n=q(user.note);"
    plant = f"{begin} $v=shift; exit(syscall({number_of('setxattr')},$p,$n,$v,length $v,0)!=0)"
    look = (
        f"{begin} $b=q( )x200; $l=syscall({number_of('getxattr')},$p,$n,$b,200); "
        "print substr($b,0,$l) if $l>0"
    )
    hook = None if refused else "attributes"
    return Place(name, container, check, perl(plant), look=perl(look), hook=hook, refused=refused)


SURVIVOR = perl(
    "$0=q(canary); $SIG{$_}=q(IGNORE) for qw(HUP INT TERM USR1 USR2 PIPE CHLD); exit if fork; require POSIX; "
    "POSIX::setsid(); exit if fork; open($_,q(+</dev/null)) for (STDIN,STDOUT,STDERR); sleep 1 while 1"
)
SURVIVOR_LOOK = "grep -lx canary /proc/[0-9]*/comm 2>/dev/null"
RENICE = "renice -n 5 -p 1"
RENICE_LOOK = "awk '$19==5' /proc/1/stat"


def closed_connection(name: str, container: str, port: int) -> Place:
    """Its ports stay in the kernel's table for a minute; the agents of both containers end what they find."""
    script = (
        f"$p=q(127.0.0.1:{port}); $l=IO::Socket::INET->new(Listen=>1,LocalAddr=>$p,ReuseAddr=>1) or exit 1; "
        "$c=IO::Socket::INET->new($p) or exit 1; $a=$l->accept; close $c; close $a"
    )
    plant = f"perl -MIO::Socket::INET -e '{script}'"
    look = f"grep ' 0100007F:{port:04X} 06 ' /proc/net/tcp"
    return Place(name, container, "wordpress.sockets", plant, look=look, hook="sockets")
