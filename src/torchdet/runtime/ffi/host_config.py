"""The device that a host's own configuration names: `dl.config.sdn` in the current folder.

The file is the Simple language's: lines of `key: value`, of which `device: cuda:1` is read. What
the runtime's own sources say (variables, configuration) goes before it.
"""

from __future__ import annotations

import re
from pathlib import Path

from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.runtime.devices import parse_device
from torchdet.runtime.errors import InvalidDeviceError, PolicyError
from torchdet.runtime.policy_sources import policy_sources

FILE_NAME = "dl.config.sdn"
_DEVICE = re.compile(r"^device[ \t]*:[ \t]*(?P<device>[^#\r\n]*)", re.MULTILINE)


def configured_device(folder: Path | None = None) -> str | None:
    """Return the device that the file names, None where nothing names one or another source does.

    Raises `PolicyError`, naming the file, for what cannot be read.
    """
    file = (Path.cwd() if folder is None else folder) / FILE_NAME
    if not file.is_file() or any("device" in source.values for source in policy_sources()):
        return None
    try:
        text = read_file(file, limit=SETTINGS_LIMIT).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: cannot be read: {error}") from None
    found = _DEVICE.search(text)
    device = "" if found is None else found["device"].strip().strip("\"'")
    if not device:
        return None
    try:
        parse_device(device)
    except InvalidDeviceError as error:
        raise PolicyError(f"{file}: device: {error}") from None
    return device
