"""Becomes a program that does not outlive whoever started it. Run as a script, with the standard library alone.

`python embedded_launch.py PARENT DEATH_SIGNAL IDENTITY PROGRAM [ARGUMENT...]`

First takes the identity (`same`; `namespace`: an unprivileged user of a user namespace, whose files stay root's;
`nobody`: uid 65534), then asks the kernel to be sent DEATH_SIGNAL when PARENT dies, then checks that PARENT is
still there, then becomes PROGRAM under the same process id. The order matters: a change of identity clears the
wish for a signal, and a parent that died before the wish was made sends none. The kernel means the *thread*
that started us, so callers start their children from their main thread.

Where the kernel cannot do this (not Linux) the launcher stays, as the program's parent, and watches.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

NOBODY = 65534
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER of linux/sched.h; os.unshare came with Python 3.12
_INSIDE = 1000  # who we are inside the namespace: anybody but root


def main(arguments: list[str]) -> None:
    """Take the identity, tie our life to the parent's, and become the program; returns only where we must watch."""
    parent, death_signal, identity, *program = arguments
    {"same": _stay, "namespace": _enter_namespace, "nobody": _become_nobody}[identity]()
    if not sys.platform.startswith("linux") or os.environ.get("TELECARE_LAUNCH_BY_WATCHING"):
        sys.exit(_watch(int(parent), int(death_signal), program))
    _call("prctl", _SET_PARENT_DEATH_SIGNAL, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(f"{program[0]} was not started: process {parent}, which asked for it, is gone.")
    os.execv(program[0], program)  # noqa: S606 - becoming the program is the point; no shell is wanted


def _stay() -> None:
    """Keep the identity we have."""


def _enter_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _NEW_USER_NAMESPACE)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_INSIDE} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_INSIDE} {group} 1")


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def _call(function: str, *arguments: int) -> None:
    """Call a function of the C library that Python has no name for; OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _watch(parent: int, death_signal: int, program: list[str]) -> int:
    """Run the program as our child, pass signals on, and end it when the parent is gone; return its exit status."""
    child = subprocess.Popen(program, close_fds=False)  # noqa: S603 - our own binaries, by path
    for passed_on in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(passed_on, lambda number, _: child.send_signal(number))
    while child.poll() is None:
        if os.getppid() != parent:
            child.send_signal(death_signal)
        time.sleep(0.2)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    main(sys.argv[1:])
