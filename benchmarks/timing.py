"""Fair timing on a machine that others use too: the candidates take turns, and ratios are taken turn by turn."""

import statistics
import time
from collections.abc import Callable, Mapping


def take_turns(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Run every candidate once to warm up, then all of them in turn.

    Args:
        candidates: what to run, by name.
        rounds: how often each is timed.

    Returns:
        Seconds of each round, by name.
    """
    for run in candidates.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds: Mapping[str, list[float]], slower: str, faster: str) -> float:
    """Median over the rounds of how many times as long one candidate took as another."""
    return statistics.median(a / b for a, b in zip(seconds[slower], seconds[faster], strict=True))


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])
