"""Where the tests find recordings made by others, and small made-up ones in the same shapes."""

import os
from pathlib import Path

import pytest

RECORDINGS = Path(os.environ.get("TELECARE_RECORDINGS", Path(__file__).parents[4] / "shared" / "data"))


def recording(path: str) -> Path:
    """Return a real recording, or skip the test, saying which file is absent."""
    file = RECORDINGS / path
    if not file.exists():
        pytest.skip(f"{file} is absent: set TELECARE_RECORDINGS to the folder of recordings")
    return file


def kasteren(folder: Path, *spans: str, names: str = "7\tfrontdoor\n12\tpress bed rechts\n28\tPIR keuken") -> Path:
    """Write a house as van Kasteren did, with his line ends and his tab at the end of each."""
    (folder / "houseZ.sensor_names").write_text(names.replace("\n", "\r\n"))
    file = folder / "houseZ-ss.txt"
    file.write_bytes("".join(f"{span}\t\r\n" for span in spans).encode())
    return file


def mit(folder: Path, *spans: str, names: str = "140\tFoyer,Door\n100\tBathroom,Toilet Flush ") -> Path:
    """Write a house as Tapia did."""
    (folder / "houseZ.sensor_names").write_text(names)
    file = folder / "houseZ.sensors"
    file.write_text("".join(f"{span}\r\n" for span in spans))
    return file
