"""What is in the memory of a process."""


def memory(pid):
    """All that a process has written, its secrets too."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, mode, *_, name = (line.split() + [""])[:6]
            if "r" not in mode or name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                continue
            start, end = (int(at, 16) for at in span.split("-"))
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:  # a guard page
                pass


def holds(pid, canary):
    return any(canary in part for part in memory(pid))
