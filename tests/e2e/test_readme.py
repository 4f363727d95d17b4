"""The README's tour works as printed."""

import os
import re
import subprocess

from conftest import ROOT


def tour() -> str:
    """The shell blocks of the README's tour, one after the other."""
    text = (ROOT / "README.md").read_text()
    section = re.search(r"^## A tour.*?(?=^## )", text, re.MULTILINE | re.DOTALL).group()
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


def test_tour_works_as_printed(cluster):
    script = tour().replace("127.0.0.1", cluster.address)
    environment = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=280)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    for expected in (
            "berth.gateway.v1.GatewayService",
            "Installs or upgrades a release, then exposes ports of it.",
            '"result"',
            "ahoy from tour-",
            "anybody there?",
            "berth.gateway.v1.GatewayService/Deploy",
            '"chart_name": "echo"',
            "public.tcp."):
        assert expected in done.stdout, expected
    assert "INVALID_FIELD" in done.stderr
