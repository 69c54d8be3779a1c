"""The files that a browser loads: from here only, and exactly those that were vendored."""

import hashlib
import re
from pathlib import Path

import altair

import serving.web

WEB = Path(serving.web.__file__).parent
EXTERNAL = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]", re.IGNORECASE)


def test_no_style_sheet_or_script_of_ours_names_another_host():
    for path in (WEB / "static").glob("*.*"):
        # The namespace of SVG is a name, never an address that is asked.
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not EXTERNAL.search(text), path.name


def test_the_vendored_files_are_those_that_their_readme_names():
    folder = WEB / "static" / "vendor"
    rows = re.findall(
        r"^\| `([\w.-]+)` .*\| (\d+) \| `([0-9a-f]{64})` \|$",
        (folder / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert {name for name, _, _ in rows} == {path.name for path in folder.glob("*.js")}
    for name, size, digest in rows:
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (int(size), digest), name


def test_the_pictures_are_written_for_the_vendored_vega_lite():
    script = (WEB / "static" / "vendor" / "vega-lite.min.js").read_text(encoding="utf-8")
    assert f'"{altair.SCHEMA_VERSION.removeprefix("v")}"' in script[:500]
