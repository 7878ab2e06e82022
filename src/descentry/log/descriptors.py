"""Open files of the writer, read without heeding where appending stands."""

import os


def read_at(fd: int, n: int, at: int) -> bytes:
    """Up to n bytes from byte `at` on.  Appending does not heed where reading stands."""
    os.lseek(fd, at, os.SEEK_SET)
    return os.read(fd, n)


def written_again(lost: int, fd: int) -> tuple[str, bool]:
    """What was done, in words, and whether all of a deleted file's content is in the new one now.

    `lost`: the deleted file, closed afterwards; `fd`: the new one, left as it is where others have filled it
    meanwhile.  Raises nothing.
    """
    n = 0
    try:
        if os.fstat(fd).st_size:
            return "was deleted while it was written; another stood in its place, which is written on", False
        while block := read_at(lost, 1 << 20, n):
            n += os.write(fd, block)
        return f"was deleted while it was written: {n} bytes were written again, to a new file", True
    except OSError as error:
        said = f"was deleted while it was written; {n} bytes of it could be written again ({error.strerror})"
        return said, False
    finally:
        os.close(lost)
