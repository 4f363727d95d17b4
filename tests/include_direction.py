#!/usr/bin/env python3
"""Checks that the sources include each other only in the directions the design allows.

transport -> domain <- adapters inside a service; main.cc alone sees everything of its own; services
never include each other; common includes no service; the libraries of common form no cycle.
Prints each offending line and fails if there is one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICES = ("helm-service", "port-service", "ingress-service", "gateway")
LAYERS = ("domain", "adapters", "transport")
# What a layer of a service may include of its own service.
VISIBLE = {
    "domain": {"domain"},
    "adapters": {"adapters", "domain"},
    "transport": {"transport", "domain"},
    "main.cc": set(LAYERS),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def includes(path):
    """Yields (line number, included path) for the quoted includes of a file."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match.group(1)


def objection(path, included):
    """Says why `path` must not include `included` (both relative to the root), or None."""
    owner, target = path.parts[0], included.parts[0]
    if target not in SERVICES:
        return None
    if owner == "common":
        return "common includes no service"
    if owner != target:
        return "services never include each other"
    layer, other = path.parts[1], included.parts[1]
    if layer not in VISIBLE:
        return f"{layer} is none of domain, adapters, transport, main.cc"
    if other not in VISIBLE[layer]:
        return f"{layer} must not see {other}"
    return None


def find_cycle(edges):
    """Returns a list of nodes that form a cycle, or None. `edges` maps a node to a set of nodes."""
    done, trail = set(), []

    def visit(node):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return None
        trail.append(node)
        for target in sorted(edges.get(node, ())):
            if cycle := visit(target):
                return cycle
        trail.pop()
        done.add(node)
        return None

    for node in sorted(edges):
        if cycle := visit(node):
            return cycle
    return None


def main():
    complaints = []
    libraries = {}
    for folder in ("common", *SERVICES):
        for source in sorted((ROOT / folder).rglob("*")):
            if source.suffix not in (".h", ".cc"):
                continue
            path = source.relative_to(ROOT)
            for number, name in includes(source):
                included = pathlib.PurePath(name)
                if reason := objection(path, included):
                    complaints.append(f"{path}:{number}: includes {name}: {reason}")
                if folder == "common" and included.parts[0] == "common":
                    libraries.setdefault(path.parts[1], set()).add(included.parts[1])
    for library, targets in libraries.items():
        targets.discard(library)
    if cycle := find_cycle(libraries):
        complaints.append("common: a cycle of libraries: " + " -> ".join(cycle))
    print("\n".join(complaints) or "includes point in the right directions")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
