"""Servers that do it otherwise: the designs that protocol.md rejects, and plain mistakes. Each must be found, by the
checks that say so, from what its clients see."""
import dataclasses
import hashlib

from history import Ref
from reference import NOBODY
from simulator import Server

LONG_AGO = 10**9
BROKEN = []  # (server, checks of which one must find it)


def found_by(*names):
    def note(server):
        BROKEN.append((server, names))
        return server
    return note


@found_by("S1")
class NewSiblingInsideGrace(Server):
    """Every answer has a token of its own (Hydra, Auth0)."""

    def token(self, family, generation):
        self.made = getattr(self, "made", 0) + 1
        return Ref(family, generation, f"{self.made:016x}")


@found_by("S1")
class AnotherSecretAfterAFailover(Server):
    """The token depends on what a failover changes, and not on key and seed alone."""

    def token(self, family, generation):
        text = f"{family}/{generation}/{self.healing_until}"
        return Ref(family, generation, hashlib.sha256(text.encode()).hexdigest()[:16])


@found_by("L1", "L2")
class StrictSingleUse(Server):
    """No grace, whatever the settings promise."""

    factor = 0

    def refresh(self, token, client, now, sender):
        kept = self.settings
        self.settings = dataclasses.replace(kept, grace_ms=self.factor * kept.grace_ms)
        try:
            return super().refresh(token, client, now, sender)
        finally:
            self.settings = kept


@found_by("S3")
class GraceThatLastsTwiceAsLong(StrictSingleUse):
    factor = 2


@found_by("L1")
class NoLateRetries(Server):
    """Whatever the settings promise."""

    def refresh(self, token, client, now, sender):
        kept = self.settings
        self.settings = dataclasses.replace(kept, late_retry_ms=0)
        try:
            return super().refresh(token, client, now, sender)
        finally:
            self.settings = kept


@found_by("S3")
class LateRetriesByAnybody(Server):
    def refresh(self, token, client, now, sender):
        record = self.record(token.family, now)
        if record and record.generation == token.generation + 1 and record.sender != NOBODY:
            sender = record.sender.decode()
        return super().refresh(token, client, now, sender)


@found_by("S3")
class LateRetriesWithoutABudget(Server):
    """A thief lives on it."""

    def otherwise(self, record, token, client, now):
        record.late &= {record.generation}
        return super().otherwise(record, token, client, now)


@found_by("S3")
class LateRetriesThatMoveTheRotation(Server):
    """A thief who keeps coming keeps the grace open."""

    def refresh(self, token, client, now, sender):
        answer = super().refresh(token, client, now, sender)
        if answer[0] == "late":
            self.record(token.family, now).rotated = self.clock(now)
        return answer


@found_by("S2")
class LateRetriesThatLeaveTheHeadOld(Server):
    """The next request rotates, and the one after it is reuse."""

    def otherwise(self, record, token, client, now):
        old = self.clock(now) - record.rotated >= self.settings.grace_ms
        if self.rotates and token.generation == record.generation and old and client == "web":
            record.late.discard(record.generation)
        return super().otherwise(record, token, client, now)


@found_by("L1", "S2")
class HeadsFromTheFutureAreOld(Server):
    """Redis' clock was set back, and the second tab is refused."""

    def otherwise(self, record, token, client, now):
        if record.rotated > self.clock(now):
            record.rotated = LONG_AGO
        return super().otherwise(record, token, client, now)


@found_by("S3")
class ClockSetBackMovesTheRotationToTheBeginning(Server):
    def refresh(self, token, client, now, sender):
        record = self.record(token.family, now)
        future = record and record.rotated > self.clock(now)
        answer = super().refresh(token, client, now, sender)
        if future and answer[0] in ("coalesced", "replayed"):
            record.rotated = record.created
        return answer


@found_by("S3")
class PredecessorAcceptedForEver(Server):
    """Supabase v2."""

    def otherwise(self, record, token, client, now):
        alive = not record.revoked and self.clock(now) < min(record.expires, record.seen + self.settings.idle_ms)
        if alive and client == "web" and token.generation == record.generation - 1:
            return "replayed"
        return super().otherwise(record, token, client, now)


@found_by("S2")
class NoCoalescing(Server):
    """A young head rotates: an old request overtaken by two rotations logs out."""

    def otherwise(self, record, token, client, now):
        if self.rotates and token.generation == record.generation:
            record.rotated = min(record.rotated, LONG_AGO)
        return super().otherwise(record, token, client, now)


@found_by("S4")
class ReuseWithoutATombstone(Server):
    def refresh(self, token, client, now, sender):
        outcome, made = super().refresh(token, client, now, sender)
        if outcome == "reuse":
            record = self.record(token.family, now)
            record.revoked, record.reason = 0, 0
        return outcome, made


@found_by("S6")
class LogoutThatIsOnlyAcknowledged(Server):
    def revoke(self, token, now):
        pass


@found_by("S7")
class AnswersOfTheRequestBefore(Server):
    """As a connection gives that was used on after a timeout."""

    def refresh(self, token, client, now, sender):
        answer = super().refresh(token, client, now, sender)
        if answer[1]:
            answer, self.before = getattr(self, "before", answer), answer
        return answer


@found_by("S8")
class RotationInTwoWrites(Server):
    """The expiry comes with a later write, which never comes."""

    def refresh(self, token, client, now, sender):
        record = self.record(token.family, now)
        expires = record and record.key_expires
        answer = super().refresh(token, client, now, sender)
        if answer[0] == "rotated":
            record.key_expires = expires
        return answer


@found_by("S9")
class RedisThatForgetsWithoutAFailover(Server):
    def refresh(self, token, client, now, sender):
        answer = super().refresh(token, client, now, sender)
        if answer[0] == "rotated" and self.commands % 20 == 0:
            self.record(token.family, now).generation -= 1
        return answer


@found_by("S10")
class ExpiryThatIsNotChecked(Server):
    def record(self, family, now):
        record = self.store.families.get(self.key(family))
        if record:
            record.expires = record.seen = record.key_expires = 1 << 45
        return record


@found_by("L1", "L2")
class NoHealing(Server):
    def fail_over(self, now):
        lost = super().fail_over(now)
        self.healing_until = -1
        return lost


@found_by("S2")
class HealingThatRotates(Server):
    """Adopting rotates, which logs out an honest request in flight."""

    def refresh(self, token, client, now, sender):
        outcome, made = super().refresh(token, client, now, sender)
        if outcome == "adopted":
            record = self.record(token.family, now)
            record.generation += 1
            made = self.token(token.family, record.generation)
        return outcome, made
