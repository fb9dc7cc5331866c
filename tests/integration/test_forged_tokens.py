"""T9 and S5: what is not authentic is refused before Redis hears of it."""
import random
import secrets

from harness import checks, rawhttp
from harness.dialects import DIALECTS, FLASK
from harness.tokens import LENGTH, PREFIX, b64, unb64

COUNT = 10_000


def forgeries(token, rnd):
    """COUNT damaged forms of token, none of them token itself."""
    raw = unb64(token[len(PREFIX):])
    made = [PREFIX + b64(flipped(raw, [bit])) for bit in range(8 * len(raw))]
    made += [token[:n] for n in range(1, LENGTH)]
    made += [token + rnd.choice("AQgw-_")[:1] * n for n in range(1, 60)]
    made += [token + token, token + PREFIX, PREFIX + token, token[1:], token.swapcase()]
    made += [token[:i] + other + token[i + 1:] for i in range(LENGTH) for other in "A_.!~"
             if token[i] != other]
    while len(made) < COUNT:
        bits = rnd.sample(range(8 * len(raw)), rnd.randint(1, 4))
        cut = PREFIX + b64(flipped(raw, bits))
        made.append(rnd.choice((cut, cut, cut, cut[:rnd.randint(5, LENGTH)], cut + "AAAA")))
    return made[:COUNT]


def flipped(raw, bits):
    out = bytearray(raw)
    for bit in bits:
        out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def test_T9_S5_10000_forged_tokens_are_refused_and_redis_hears_nothing(stack):
    seed = secrets.token_hex(4)
    print(f"seed {seed}")
    token = stack.token()
    stack.renew(stack.token())  # whatever a worker does only once is done
    record, before = stack.raw_record(token), stack.commands()
    with rawhttp.Connection(stack.url) as connection:
        for forged in forgeries(token, random.Random(seed)):
            response = connection.ask("POST", FLASK.path, {"Authorization": f"Bearer {forged}"})
            assert (response.status, response.body) == FLASK.refused, (forged, response)
    after = stack.commands()
    after["cmdstat_get"] = after.get("cmdstat_get", 0)
    assert after == {"cmdstat_get": 0, **before}
    assert stack.raw_record(token) == record
    checks.success(stack.refresh(token), FLASK)


def test_T9_S5_forged_tokens_cost_nothing_in_every_dialect(stack):
    token = stack.token()
    before = stack.commands()
    for dialect in DIALECTS:
        for forged in random.Random(1).sample(forgeries(token, random.Random(2)), 100):
            checks.refused(stack.refresh(forged, dialect), dialect)
    assert stack.commands() == before
