"""Who may import whom: the rooms of the library, from the ground up (CONTRIBUTING.md)."""

import ast
import sys

import pytest
from samples import ROOT

PACKAGE = "label_smoothing"
LIBRARY = ROOT / "workflow" / "scripts" / PACKAGE
GROUND = {"files", "seeding"}
# A room and the rooms of the library that it may import, besides itself.
ROOMS = {
    "files": set(),
    "seeding": set(),
    "theory": GROUND,
    "data": {*GROUND, "theory"},
    "training": {*GROUND, "theory", "data"},
    "analysis": {*GROUND, "theory"},
    "figures": {*GROUND, "theory", "analysis"},
    # For notebooks: re-exports, which nothing in the library imports.
    "api": {"theory", "data", "analysis"},
    # In its functions, which only the studies that need it call; see below for what stands above.
    "study": {"theory", "data"},
}
# Heavy packages, and the only rooms or modules that import them.
HEAVY = {
    "torch": {"training"},
    "torchvision": {"data.sources"},
    "matplotlib": {"figures"},
    "sklearn": {"data.sources", "data.convert", "analysis"},
    "pandas": {"analysis", "figures", "data.convert_table"},
    "PIL": {"data.convert_images"},
    "pydantic": {"analysis.cells", "analysis.metrics", "study"},
}
MODULES = sorted(
    file.relative_to(LIBRARY).with_suffix("").as_posix().replace("/", ".")
    for file in LIBRARY.rglob("*.py")
    if file.name != "__init__.py"
)


def tree_of(module):
    return ast.parse((LIBRARY / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def imports(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(names):
    return {name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}.")}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_downwards(module):
    room = module.split(".")[0]
    used = rooms_of(imports(ast.walk(tree_of(module))))
    assert used <= ROOMS[room] | {room}


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_stay_in_their_rooms(module):
    used = {name.split(".")[0] for name in imports(ast.walk(tree_of(module)))}
    for package in used & HEAVY.keys():
        assert {module, module.split(".")[0]} & HEAVY[package], package


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("study.")])
def test_what_the_snakefile_imports_is_light(module):
    # Statements of the module itself: what stands in a function is imported when it is called.
    names = set(imports(tree_of(module).body))
    assert rooms_of(names) <= {"study"}
    packages = {name.split(".")[0] for name in names} - {PACKAGE}
    assert packages <= set(sys.stdlib_module_names) | {"yaml", "pydantic"}


def test_package_files_hold_a_docstring_only():
    for file in LIBRARY.rglob("__init__.py"):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        assert len(body) == 1, file
        assert isinstance(body[0].value.value, str), file


def test_a_name_has_one_door():
    """No module imports a name of the library from another than the one that defines it."""
    defined = {}
    for module in MODULES:
        names = set()
        for node in tree_of(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
        defined[f"{PACKAGE}.{module}"] = names
    scripts = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
    trees = [tree_of(module) for module in MODULES]
    for tree in trees + [ast.parse(script.read_text(encoding="utf-8")) for script in scripts]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in defined:
                for alias in node.names:
                    assert alias.name in defined[node.module], f"{node.module}: {alias.name}"
