"""Who uses the simulated service: browsers with tabs, thieves, forgers, people who log out."""
import random

from history import Ref
from simulator import HOME, Server, World, ordinary


class Browser:
    """One jar, several tabs. Refreshes in bursts, retries what was lost within its patience, keeps the last
    token that came."""

    def __init__(self, world, name, tabs, rests, patience):
        self.world, self.name, self.tabs, self.rests, self.patience = world, name, tabs, rests, patience
        self.forgets = world.random.choice((0, 0, 0, 0.4))
        self.jar, self.old, self.place = None, [], HOME
        self.over, self.waiting = False, 0
        world.later(0, self.log_in)

    def log_in(self):
        kind = self.world.random.choice(("issue", "login"))
        self.world.send(kind, self.name, self.logged_in, asked="user of " + self.name)

    def logged_in(self, op):
        if op.result != "ok":
            return self.world.later(self.world.delay, self.log_in)
        self.jar = op.received
        self.rest()

    def rest(self):
        if not self.over and self.world.now < self.world.end:
            self.world.later(self.world.random.choice(self.rests) * (0.5 + self.world.random.random()), self.burst)

    def burst(self):
        if self.world.random.random() < 0.05:  # another network
            self.place = self.world.random.choice((HOME, "cafe."))
        self.waiting = self.world.random.randint(1, self.tabs)
        for _ in range(self.waiting):
            self.world.later(self.world.delay * 3 * self.world.random.random(), self.ask)

    def ask(self, retry_of=None):
        self.world.send("refresh", self.name, self.answered, self.jar, retry_of=retry_of, sender=self.place)

    def answered(self, op):
        if op.result == "unknown" and not self.over:
            return self.world.later(self.pause(), self.ask, op.number)
        if op.result == "ok":
            self.old.append(self.jar)
            if self.world.random.random() >= self.forgets:  # it crashes before the answer is on the disk
                self.jar = op.received
        else:
            self.over = True
        self.waiting -= 1
        if self.waiting == 0:
            self.rest()

    def pause(self):
        """Until the next attempt: a phone may sleep for as long as late retries are for."""
        chance, settings = self.world.random.random(), self.world.settings
        return settings.late_retry_ms * 1.1 * chance if self.world.random.random() < 0.3 else self.patience * chance


class Misuse:
    """Does wrong things to a browser's session at random times."""

    def __init__(self, world, browser, kinds, pause):
        self.world, self.browser, self.kinds, self.pause = world, browser, kinds, pause
        world.later(pause * world.random.random(), self.act)

    def act(self):
        jar, rnd = self.browser.jar, self.world.random
        if self.world.now < self.world.end:
            self.world.later(self.pause * 2 * rnd.random(), self.act)
        if jar is None:
            return
        kind = rnd.choice(self.kinds)
        if kind == "steal":
            token = rnd.choice([jar, *self.browser.old[-3:]])
            place = rnd.choice((self.browser.place, "there"))  # next door with the same browser, or not
            self.world.send("refresh", "thief", None, token, honest=False, sender=place)
        elif kind == "forge":
            forged = Ref(jar.family, rnd.randrange(jar.generation + 2), f"{rnd.getrandbits(64):016x}")
            self.world.send("refresh", "forger", None, forged, forged=True)
        elif kind == "client":
            self.world.send("refresh", "other app", None, jar, client="other")
        else:
            self.world.send(kind, self.browser.name, None, jar)


def simulate(seed, server=Server):
    """A history of about a hundred operations; what goes wrong in it is drawn from the seed."""
    rnd = random.Random(seed)
    grace = rnd.choice((1000, 1000, 200, 0))
    settings = ordinary(grace_ms=grace, late_retry_ms=rnd.choice((0, 5 * grace)),
                        idle_ms=rnd.choice((60_000, 60_000, 4000)), absolute_ms=rnd.choice((10**7, 10**7, 15_000)),
                        in_flight_ms=rnd.choice((100, 100, None)), durability=rnd.choice(("async", "replica")))
    world = World(seed, settings, rotates=rnd.random() < 0.9, server=server)
    world.delay, world.loss, world.end = max(grace, 100) / 25, rnd.choice((0, 0.05, 0.2)), 20_000
    world.twice = rnd.choice((0, 0.1))
    rests = rnd.choice(((0.3, 1.5), (1.5, 3), (0.1, 1, 6)))
    rests = [r * max(grace, 100) for r in rests]
    patience = rnd.choice((world.delay, world.delay, 5 * grace))
    browsers = [Browser(world, f"browser {i}", rnd.choice((1, 1, 3, 5)), rests, patience)
                for i in range(rnd.randint(1, 3))]
    for browser in browsers:
        if rnd.random() < 0.6:
            kinds = rnd.sample(["steal", "forge", "client", "logout", "logout_all", "revoke"], 2)
            Misuse(world, browser, kinds, rnd.choice((2000, 20_000)))
    plan(world, rnd)
    world.run(world.end + 10 * max(grace, 100))
    return world.history


def plan(world, rnd):
    """Failovers one after the other, clock jumps, reloads, and looks into the store."""
    for i in range(rnd.choice((0, 1, 1, 2))):
        world.later(1000 + 9000 * i + rnd.random() * 3000, world.fail_over, rnd.random() < 0.5)
    for event in (world.jump, world.age):
        for _ in range(rnd.choice((0, 0, 1, 3))):
            world.later(rnd.random() * world.end, event)
    if rnd.random() < 0.2:
        world.later(15_000, world.restart)
    if rnd.random() < 0.2:
        world.later(rnd.random() * world.end, world.reload)
    for _ in range(rnd.choice((0, 3, 30))):
        world.later(rnd.random() * world.end, world.look)
