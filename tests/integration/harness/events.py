"""The lines of a Service's or a Stack's log."""
import json


def events(running, name):
    """Those of this event, oldest first. What is still being written is not looked at."""
    whole = running.log().rpartition("\n")[0]
    lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]
