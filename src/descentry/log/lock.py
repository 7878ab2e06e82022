"""One writer a file: an advisory lock that ends with the process that holds it."""

import errno
import sys

if sys.platform == "win32":
    import msvcrt
    import os

    FAR = 1 << 40
    """The byte that stands for the file: far behind its end, since others cannot read a locked one."""

    def locked(fd: int) -> bool | None:
        """True when the lock is ours now, False when another holds it."""
        os.lseek(fd, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def locked(fd: int) -> bool | None:
        """True when the lock is ours now, False when another holds it, None where there are no locks."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return False if error.errno in (errno.EAGAIN, errno.EACCES) else None
        return True
