"""The published figures of matching hold; `scripts/bench matching` measures thousands."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[2] / "benchmarks" / "matching.py"


def measured(clients: int, seed: int) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("matching_benchmark", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their own module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.measure(clients, 0.2, seed)
    return found


def test_links_are_precise_and_most_of_the_rest_is_in_the_queue() -> None:
    found = measured(clients=150, seed=3)
    assert found["precision_of_links"] >= 0.99
    assert found["recall_of_links"] >= 0.8
    assert found["recall_of_links_and_queue"] >= 0.95
