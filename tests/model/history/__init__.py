"""The history checker: records what clients see, and proves S1 to S10, L1 and L2 of it.

    recorder = Recorder(stack, in_flight_ms=1000)  # or a Service; its calls may come from any thread
    token = recorder.issue("anna").token
    with recorder.failover(lost=0):
        redis_server.kill(), redis_server.start()
    token = recorder.refresh(token, actor="tab 1").token or token
    verdict = check(recorder.history())
    assert not verdict, verdict
"""
from . import liveness, safety
from .records import (Audit, Clock, Commands, Failover, History, Op, Ref, Settings, Snapshot,  # noqa: F401
                      digest)
from .recorder import Answer, Recorder, settings_of  # noqa: F401
from .verdict import Verdict, Violation  # noqa: F401
from .view import View

CHECKS = {function.__name__: function for function in (*safety.CHECKS, *liveness.CHECKS)}


def check(history, names=CHECKS):
    """Runs the checks named, all by default. The verdict is false when nothing is wrong."""
    view = View(history)
    return Verdict([v for name in names for v in CHECKS[name](view)], view.judged)
