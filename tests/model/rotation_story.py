"""A run as a numbered story."""

WHAT = {
    "S1": "two tokens of one generation were handed out",
    "S2": "not the one head was rotated, or more than once",
    "S3": "a spent token succeeded outside the grace",
    "S4": "reuse did not revoke",
    "S9": "the generation fell without a failover",
    "L1": "an honest request is refused",
    "L2": "nothing is in flight, and the token in the jar will be refused when it is needed next",
    "L3": "a spent token came back too late, and the family was not revoked",
    "in-step": "thief and victim each succeeded with what the other had spent, in too many generations",
    "elsewhere": "one of thief and victim succeeded late with what the other had spent, from another client",
}

SAID = {
    "rotated": "rotates and answers {}", "sibling": "makes a sibling, {}", "coalesced": "returns the young head, {}",
    "replayed": "answers the head, {}", "adopted": "adopts and answers {}", "late": "answers late: {}",
    "reuse": "sees reuse", "revoked": "has it revoked", "unknown": "does not know it", "ahead": "refuses it as too new",
}


def named(token):
    return f"token {token[0]}" + "abcdefghijklmnopqrstuvwxyz"[token[1] % 26] * (token[1] > 0)


def said(outcome, answer):
    return "the store " + SAID[outcome].format(answer and named(answer))


def line(label):
    kind, *rest = label
    if kind == "send":
        return f"A tab sends {named(rest[0])}."
    if kind == "handle":
        return f"A tab's {named(rest[0])} comes in: {said(rest[1], rest[2])}."
    if kind == "deliver":
        return f"The answer with {named(rest[0])} arrives; the jar holds {named(rest[1])}."
    if kind == "retry":
        return f"{'An answer with ' + named(rest[1]) if rest[1] else 'A request'} is lost; a tab tries {named(rest[0])}."
    if kind == "give up":
        return f"{'An answer with ' + named(rest[1]) if rest[1] else 'A request'} is lost; the tab sleeps."
    if kind == "steal":
        return f"A thief copies {named(rest[0])} from the jar."
    if kind == "thief":
        return f"The thief presents {named(rest[0])}: {said(rest[1], rest[2])}."
    if kind == "failover":
        return f"A failover loses {rest[0]} write{'s' * (rest[0] > 1)}: the store's head is token {rest[1]}."
    return f"The store's clock is set back by {rest[0]} ticks."


def lines(found):
    """Returns the story's lines; ticks that follow each other are one."""
    told, ticks = [], 0
    for label, _ in found.story:
        if label == ("tick",):
            ticks += 1
            continue
        if ticks:
            told.append(f"{ticks} tick{'s pass' if ticks > 1 else ' passes'}.")
        told.append(line(label))
        ticks = 0
    told.append(f"{found.broken}: {WHAT[found.broken]}.")
    return [f"{number:3}. {text}" for number, text in enumerate(told, 1)]
