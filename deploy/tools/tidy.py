#!/usr/bin/env python3
"""Runs clang-tidy on the sources that changed since it last had nothing to say about them.

usage: tidy.py CLANG_TIDY ROOT BUILD_FOLDER CACHE_FOLDER

A source counts as changed when the text of it, of a header or contract of ours that it includes
(however indirectly), its compile command, the configuration or clang-tidy itself did.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys

WORKERS = 2
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
GENERATED = re.compile(r"(\.grpc)?\.pb\.h$")


class Sources:
    """The files of the tree, and what each includes."""

    def __init__(self, root):
        self._root = root
        self._closures = {}

    def closure(self, path):
        """All files of the tree that `path` includes, itself among them."""
        if path not in self._closures:
            found, waiting = set(), [path]
            while waiting:
                file = waiting.pop()
                if file not in found:
                    found.add(file)
                    waiting += self._includes(file)
            self._closures[path] = found
        return self._closures[path]

    def _includes(self, file):
        for match in INCLUDE.findall(file.read_bytes()):
            name = match.decode()
            header = self._root / name
            if GENERATED.search(name):
                # The contract stands for the code generated from it.
                header = self._root / "proto" / GENERATED.sub(".proto", name)
            if header.is_file():
                yield header


def digest(root, entry, closure, constants):
    key = hashlib.sha256(constants)
    key.update(entry["command"].replace(str(root), ".").encode())
    for file in sorted(closure):
        key.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return key.hexdigest()


def tidy(program, build, file):
    return subprocess.run(
        [program, "--quiet", "-p", str(build), str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def main():
    program = sys.argv[1]
    root, build, cache = (pathlib.Path(argument) for argument in sys.argv[2:])
    constants = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    constants += (root / ".clang-tidy").read_bytes()
    sources = Sources(root)
    pending = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if root in file.parents and build not in file.parents:
            mark = cache / digest(root, entry, sources.closure(file), constants)
            if not mark.exists():
                pending[file] = mark

    findings = []
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        runs = {pool.submit(tidy, program, build, file): file for file in pending}
        for count, run in enumerate(concurrent.futures.as_completed(runs), 1):
            file, result = runs[run], run.result()
            if result.returncode == 0:
                pending[file].touch()
            else:
                findings.append(result.stdout)
            print(f"{count} of {len(runs)}: {file.relative_to(root)}", flush=True)
    # Last, where whoever reads only the end of it looks.
    for text in findings:
        print(text)
    if findings:
        print(f"{len(findings)} of {len(pending)} sources have findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
