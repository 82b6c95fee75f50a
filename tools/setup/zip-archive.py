"""
Takes chosen files out of a zip archive (a Python wheel is one) without unpacking the rest.

    zip-archive.py names ARCHIVE LIST            writes the names of its files to LIST, as a JSON list
    zip-archive.py take ARCHIVE TARGETS FOLDER   writes files into FOLDER; TARGETS: a JSON object of name to target

The CRC-32 and the size of every file that is taken are checked. A target outside of the folder is refused before anything
is written.
"""

import json
import shutil
import sys
import zipfile
import zlib
from pathlib import Path


def write_names(archive, list_file):
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    Path(list_file).write_text(json.dumps(names), encoding="utf-8")


def take(archive, targets_file, folder):
    targets = json.loads(Path(targets_file).read_text(encoding="utf-8"))
    root = Path(folder).resolve()
    places = {name: (root / target).resolve() for name, target in targets.items()}
    for name, place in places.items():
        if root not in place.parents:
            sys.exit(f"The zip archive names a file outside the destination: {targets[name]}")
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, place.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        entry = archive.getinfo(name)
        size = place.stat().st_size
        if size != entry.file_size:
            sys.exit(f"{name}: {size} bytes came out of the archive instead of {entry.file_size}.")
        executable = (entry.external_attr >> 16) & 0o111
        place.chmod(0o755 if executable else 0o644)


def main(act, archive_file, *rest):
    try:
        with zipfile.ZipFile(archive_file) as archive:
            {"names": write_names, "take": take}[act](archive, *rest)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as fault:
        sys.exit(f"The zip archive is broken: {fault}")


main(*sys.argv[1:])
