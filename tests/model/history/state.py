"""What snapshots of a record prove."""
from .records import Settings

FIELDS = ("generation", "rotated_ms", "seen_ms", "expires_ms", "created_ms", "auth_time_ms", "revoked", "kid",
          "seed", "key_expires_ms")


def overlapping(view, ops, lo, hi):
    """The operations that may have taken effect between lo and hi."""
    return [o for o in ops if o.sent <= hi and view.last(o) >= lo]


def neighbours(view, family):
    """Two snapshots one after the other that no failover and no hand of the observer parts."""
    for before, after in zip(family.snapshots, family.snapshots[1:]):
        moved = any(c.family == family.name and c.at <= after.until and c.until >= before.at for c in view.clocks)
        if before.exists and after.exists and not moved and view.lasting(before, after):
            yield before, after


def differences(before, after, fields=FIELDS):
    """Names of the fields that differ; None in either: nobody looked."""
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in fields]
    return [name for name, a, b in pairs if a is not None and b is not None and a != b]


def whole(view, snapshot):
    """Why the record is none that a whole script run leaves. A living key ends at min(idle, absolute), a tombstone
    at its absolute expiry, and only the living are in their user's index."""
    if not snapshot.exists:
        return
    if (snapshot.generation == 0) != (snapshot.rotated_ms == 0):
        yield "generation and time of rotation do not belong together"
    idles = {s.idle_ms for s in [view.base, *view.history.of(Settings)]}
    due = {snapshot.expires_ms} if snapshot.revoked else {
        min(snapshot.seen_ms + idle, snapshot.expires_ms) for idle in idles}
    if snapshot.key_expires_ms is not None and snapshot.key_expires_ms not in due:
        yield "the key's expiry does not belong to the record"
    if snapshot.indexed is not None and snapshot.indexed == snapshot.revoked:
        yield "a tombstone in the index" if snapshot.revoked else "a living family is not in the index"


def set_back(view, before, after):
    """Whether the time of rotation may have fallen because Redis' clock was set back: what came from the future is
    written down as the present of some moment between the two snapshots."""
    back = any(c.family is None and c.low_ms < 0 and c.at <= after.until for c in view.clocks)
    if not back or after.rotated_ms >= before.rotated_ms:
        return False
    forward = view.peak(before.at, after.until)  # how far the clock can have come in between
    return ((after.now_ms is None or after.rotated_ms >= after.now_ms - forward)
            and (before.now_ms is None or after.rotated_ms <= before.now_ms + forward))
