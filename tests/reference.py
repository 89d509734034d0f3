"""Write docs/reference.md: every public function of the library, and what it is for."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow/scripts/label_smoothing"
PAGE = ROOT / "docs/reference.md"
ROOMS = {
    "theory": "What the theories say",
    "data": "Data sets, noise, labels",
    "training": "Networks and how they are trained",
    "analysis": "Scores, fits, verdicts",
}
HEAD = """# Every public function of the library

Import a name from its module: `from label_smoothing.theory.memorising import optimum`.
`help(optimum)` has its arguments, with shapes, units and errors, and [library.md](library.md) shows
the calls that a notebook begins with. A module of `figures/` has `numbers` and `draw`
([results.md](results.md#figures)); `study/` serves the workflow alone. `make format` writes this
page from the docstrings.
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    for room, title in ROOMS.items():
        parts.append(f"\n## {title}: `{room}`\n")
        for file in sorted((LIBRARY / room).rglob("*.py")):
            module = ast.parse(file.read_text(encoding="utf-8"))
            entries = [
                f"- `{node.name}`: {_summary(node)}"
                for node in module.body
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
            ]
            if entries:
                name = file.relative_to(LIBRARY).with_suffix("").as_posix().replace("/", ".")
                parts.append("\n".join([f"\n**{name}**. {_summary(module)}\n", *entries, ""]))
    return "".join(parts)


def _summary(node):
    text = (ast.get_docstring(node) or "").partition("\n\n")[0]
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
