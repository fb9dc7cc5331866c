"""Files that fail: a reader's in the middle, a writer's at once."""
import contextlib
import os


@contextlib.contextmanager
def breaks_off_behind(data):
    """A descriptor to read from: data, and then EIO instead of the end. It is a terminal's other side, so lines end
    in CR LF."""
    ours, theirs = os.openpty()
    try:
        os.write(theirs, data)
        os.close(theirs)
        yield ours
    finally:
        os.close(ours)
