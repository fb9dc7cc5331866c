"""The lines of a Service's or a Stack's log."""
import json


def events(running, name):
    """Those of this event, oldest first."""
    lines = [json.loads(line) for line in running.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]
