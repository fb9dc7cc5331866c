"""What a check finds, in words."""
import collections
from dataclasses import dataclass, field


@dataclass
class Violation:
    name: str
    text: str
    records: list

    def __str__(self):
        return "\n".join([f"{self.name}: {self.text}", *(f"    {r}" for r in self.records)])


@dataclass
class Verdict:
    """Empty, and so false, when nothing is wrong. judged: how many facts each check could judge; a check that
    judged none has proven nothing."""
    violations: list = field(default_factory=list)
    judged: collections.Counter = field(default_factory=collections.Counter)

    def __bool__(self):
        return bool(self.violations)

    @property
    def names(self):
        return {v.name for v in self.violations}

    def __str__(self):
        shown = [str(v) for v in self.violations[:20]]
        if len(self.violations) > 20:
            shown.append(f"... and {len(self.violations) - 20} more")
        judged = ", ".join(f"{name} {count}" for name, count in self.judged.items())
        return "\n".join([*shown, f"{len(self.violations)} violations; judged: {judged}"])
