"""Holds the bills of materials of a release against the tools of those who define their forms.

Usage: python validate_sbom.py FOLDER

Reads every *.cdx.json and *.spdx.json in the folder. Needs the packages of requirements-sbom.txt. Besides the form it
checks that both bills of a platform name the same crates, and that the sum they give is that of the archive beside them.
Exits with 1 when anything is wrong, or when there is nothing to read.
"""

import hashlib
import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx_faults(path: Path) -> list[str]:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text())
    return [] if fault is None else [str(fault)]


def spdx_faults(path: Path) -> list[str]:
    return [fault.validation_message for fault in validate_full_spdx_document(parse_file(str(path)))]


def disagreements(cyclonedx: Path, spdx: Path) -> list[str]:
    """What the two bills of one platform, or bill and archive, say differently."""
    one, other = json.loads(cyclonedx.read_text()), json.loads(spdx.read_text())
    own, *parts = other["packages"]
    faults = []
    if {part["purl"] for part in one["components"]} != {
        part["externalRefs"][0]["referenceLocator"] for part in parts
    }:
        faults.append("the two bills name different crates")
    archive = cyclonedx.parent / own["packageFileName"]
    actual = hashlib.sha256(archive.read_bytes()).hexdigest()
    told = {
        own["checksums"][0]["checksumValue"],
        one["metadata"]["component"]["hashes"][0]["content"],
    }
    if told != {actual}:
        faults.append(f"{archive.name} has the sum {actual}, the bills say {sorted(told)}")
    return faults


def main(folder: Path) -> int:
    bills = sorted(folder.glob("*.cdx.json"))
    wrong = 0 if bills else 1
    if not bills:
        print(f"there is no bill of materials in {folder}")
    for cyclonedx in bills:
        spdx = cyclonedx.with_name(cyclonedx.name.replace(".cdx.json", ".spdx.json"))
        faults = cyclonedx_faults(cyclonedx) + spdx_faults(spdx) + disagreements(cyclonedx, spdx)
        count = len(json.loads(cyclonedx.read_text())["components"])
        print(f"{cyclonedx.name} and {spdx.name}: {count} crates, {len(faults)} faults")
        for fault in faults:
            print(f"  {fault}")
        wrong += len(faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
