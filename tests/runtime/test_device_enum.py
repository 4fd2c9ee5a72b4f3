"""The device types as an enum."""

from __future__ import annotations

import pytest
import torch

from torchdet.runtime import Device, InvalidDeviceError


def test_members_and_torch_devices_stand_for_each_other():
    assert Device.cpu.to_torch() == torch.device("cpu")
    assert Device.cuda.to_torch() == torch.device("cuda:0")
    assert Device.cuda.to_torch(3) == torch.device("cuda:3")
    assert Device.mps.to_torch() == torch.device("mps:0")
    for member in Device:
        assert Device.from_torch(member.to_torch()) is member


def test_refuses_what_has_no_member_or_no_index():
    with pytest.raises(InvalidDeviceError, match="meta"):
        Device.from_torch(torch.device("meta"))
    with pytest.raises(InvalidDeviceError):
        Device.mps.to_torch(1)
    with pytest.raises(InvalidDeviceError):
        Device.cuda.to_torch(-1)
