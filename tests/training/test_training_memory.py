"""Memory: what is taken is measured, and want of it ends one trial, not the study."""

import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from qgtune.training import OutOfMemoryError, PeakMemory, TrainingError, with_halved_batches, within_memory
from qgtune.training.memory import out_of_memory

MiB = 2**20

FACTORY = """
import torch
from torch_geometric.data import Data

def make():
    torch.manual_seed(0)
    ring = torch.stack([torch.arange(400), torch.arange(400).roll(1)])
    return [Data(x=torch.randn(400, 6) + k % 2, edge_index=ring, y=torch.tensor([k % 2])) for k in range(64)]
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    (folder / "memory_graphs.py").write_text(FACTORY)
    script = Path(__file__).with_name("memory_script.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits the address space of a process"
)


@only_linux
@pytest.mark.parametrize(
    ("policy", "state"), [("fail", "failed"), ("prune", "pruned"), ("halve_batch", "complete")]
)
def test_a_trial_without_enough_memory_ends_as_the_policy_says_and_the_study_goes_on(policy, state, told):
    assert told[policy]["states"] == ["complete", state, "complete"]
    first, _, last = told[policy]["values"]
    assert first == last


@only_linux
@pytest.mark.parametrize("policy", ["fail", "prune"])
def test_the_reason_of_a_trial_without_enough_memory_is_in_its_record(policy, told):
    assert "out of memory on the CPU: " in told[policy]["reason"]


@only_linux
def test_a_trial_that_begins_again_with_smaller_batches_is_told(told):
    first, *_ = told["halve_batch"]["notices"]
    assert first.startswith("trial 1: out of memory on the CPU")
    assert first.endswith("it begins again with batch_size 16")


@only_linux
@pytest.mark.parametrize("policy", ["fail", "prune"])
def test_the_memory_of_a_trial_that_ends_without_enough_is_free_for_the_next(policy, told):
    # With halve_batch the trial goes on to its end, after which the allocator may keep what it used.
    assert told[policy]["left"] > 90 * MiB


@only_linux
def test_each_trial_has_its_peak_of_memory_in_its_record(told):
    assert all(peak > 50 * MiB for policy in told.values() for peak in policy["peaks"])


@pytest.mark.parametrize(
    ("error", "device"),
    [
        (MemoryError(), "the CPU"),
        (MemoryError("Unable to allocate 3 GiB"), "the CPU"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            "the CPU",
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."), "the CPU"),
        (OSError(12, "Cannot allocate memory"), "the CPU"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), "the GPU"),
        (RuntimeError("CUDA error: out of memory"), "the GPU"),
    ],
)
def test_want_of_memory_is_recognised_in_every_form(error, device):
    assert out_of_memory(error).device == device


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes differ"), ValueError("not enough memory"), KeyError("x")]
)
def test_other_errors_are_no_want_of_memory(error):
    assert out_of_memory(error) is None


def test_nothing_that_the_failed_call_held_is_kept():
    held = []

    class Big:
        pass

    def inner():
        big = Big()
        held.append(weakref.ref(big))
        raise KeyError

    def call():
        try:
            inner()
        except KeyError as error:
            raise MemoryError from error

    with pytest.raises(OutOfMemoryError) as caught:
        within_memory(call)
    assert held[0]() is None
    assert caught.value.__context__ is None


def test_other_errors_pass_through_as_they_are():
    error = TrainingError("the loss is nan", 0, 1, 0.1)

    def call():
        raise error

    with pytest.raises(TrainingError) as caught:
        within_memory(call)
    assert caught.value is error


def test_batches_are_halved_until_they_have_one_sample_and_a_step_sees_as_many():
    config = {"training": {"batch_size": 8}, "validation": {"batch_size": 5}, "testing": None}
    sizes = []
    while config is not None:
        training = config["training"]
        sizes.append(
            (
                training["batch_size"],
                training.get("accumulate_batches", 1),
                config["validation"]["batch_size"],
            )
        )
        config = with_halved_batches(config)
    assert sizes == [(8, 1, 5), (4, 2, 3), (2, 4, 2), (1, 8, 1)]


@pytest.mark.parametrize("config", [{}, {"training": {}}, {"training": {"batch_size": 1}}])
def test_without_batches_there_is_nothing_to_halve(config):
    assert with_halved_batches(config) is None


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak cannot be reset here")
def test_the_peak_is_that_of_the_trial_and_not_of_those_before():
    base = PeakMemory().read()
    peak = PeakMemory()
    big = np.ones(200 * MiB, dtype=np.uint8)
    high = peak.read()
    del big
    after = PeakMemory().read()
    assert high - base > 150 * MiB
    assert high - after > 150 * MiB
