"""Turn into another program that ends when its parent does: ``python diewithparent.py PARENT_PID COMMAND …``.

Run as a file and not as a module, so that it imports nothing of the house and costs a few milliseconds. A function
between fork and exec (``preexec_fn``) would do the same, but can lock up in a process that has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends. Only Linux can.

    It counts from here on: a parent that is gone already is noticed by its number.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
