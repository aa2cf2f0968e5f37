"""Which engine computes is known and can be said; each gives the same bits in every run."""

import importlib.util
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from lookmore.errors import ConfigError, MissingExtraError
from lookmore.losses import HybridOrder, engines
from lookmore.losses.angle import angle_loss
from lookmore.losses.engines import choose_engine
from lookmore.losses.sides import sides_of

CPU = torch.device("cpu")


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=["torch", "numba"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    threads = torch.get_num_threads()
    yield request.param
    torch.set_num_threads(threads)


def streams(images: int) -> tuple[Tensor, Tensor]:
    return normal(images, 16, seed=1), normal(images, 24, seed=2)


def value_and_gradient(images: int, engine: str) -> tuple[float, Tensor]:
    student, teacher = streams(images)
    student.requires_grad_()
    loss = angle_loss(student=student, teacher=teacher, engine=engine)
    (gradient,) = torch.autograd.grad(loss, student)
    return loss.item(), gradient


@pytest.mark.parametrize("threads", [1, 2])
def test_two_runs_give_the_same_bits(engine: str, threads: int) -> None:
    torch.set_num_threads(threads)
    value, gradient = value_and_gradient(130, engine)
    again, once_more = value_and_gradient(130, engine)
    assert value == again
    assert torch.equal(gradient, once_more)


def test_numba_gives_the_same_bits_whatever_the_threads() -> None:
    student, teacher = streams(200)
    table = sides_of(student=student, teacher=teacher).table
    corners = choose_engine("numba", CPU).corners
    threads = torch.get_num_threads()
    found = []
    for count in (1, 3):
        torch.set_num_threads(count)
        found.append(corners(table))
    torch.set_num_threads(threads)
    assert found[0][0] == found[1][0]
    assert torch.equal(found[0][1], found[1][1])


def test_torch_never_holds_a_table_of_all_corners() -> None:
    images = 128
    table = sides_of(student=normal(images, 4, seed=0), teacher=normal(images, 4, seed=1)).table
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            nonlocal largest
            result = func(*args, **(kwargs or {}))
            if isinstance(result, Tensor):
                largest = max(largest, result.untyped_storage().nbytes())
            return result

    with Watch():
        choose_engine("torch", CPU).corners(table)
    assert 0 < largest <= 2**20 < 4 * images**3


def test_auto_takes_numba_on_the_cpu_and_says_so() -> None:
    found = choose_engine("auto", CPU)
    assert (found.name, found.why) == ("numba", "the fastest on cpu")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ModuleNotFoundError("No module"), "numba is not installed: pip install 'lookmore[fast]'"),
        (ImportError("needs NumPy 2.3"), "numba cannot be loaded (needs NumPy 2.3)"),
    ],
)
def test_auto_without_a_numba_that_loads_takes_torch_and_says_why(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, why: str
) -> None:
    hide_numba(monkeypatch, error)
    found = choose_engine("auto", CPU)
    assert found.name == "torch"
    assert found.why.startswith(why)


def test_numba_asked_for_by_name_and_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_numba(monkeypatch, ModuleNotFoundError("No module"))
    with pytest.raises(MissingExtraError, match=r"'numba'.*pip install 'lookmore\[fast\]'"):
        choose_engine("numba", CPU)


@pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="triton is not installed: it comes with torch's builds for CUDA on Linux",
)
def test_auto_takes_triton_on_a_gpu_and_says_so() -> None:
    found = choose_engine("auto", torch.device("cuda"))
    assert (found.name, found.why) == ("triton", "one kernel for all corners on cuda")


def test_without_triton_a_gpu_gets_torch_and_who_asked_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hide(monkeypatch, "triton", ModuleNotFoundError("No module"))
    found = choose_engine("auto", torch.device("cuda"))
    assert found.name == "torch"
    assert found.why.startswith("triton is not installed: it comes with torch's builds for CUDA")
    with pytest.raises(ConfigError, match=r"triton cannot compute.*set machine.relations to auto"):
        choose_engine("triton", torch.device("cuda"))


def test_an_engine_of_another_device_or_of_no_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="numba computes on cpu, and the embeddings are on cuda"):
        choose_engine("numba", torch.device("cuda"))
    with pytest.raises(ConfigError, match="must be one of auto, torch, numba"):
        choose_engine("fortran", CPU)
    with pytest.raises(ConfigError, match="engine must be one of auto, torch, numba"):
        HybridOrder(angle=1, engine="fortran")


def test_hybrid_order_hands_its_engine_on(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_numba(monkeypatch, ModuleNotFoundError("No module"))
    rows = normal(4, 3, seed=0)
    assert HybridOrder(angle=1, engine="torch")(student=rows, teacher=rows).isfinite()
    with pytest.raises(MissingExtraError):
        HybridOrder(angle=1, engine="numba")(student=rows, teacher=rows)


def hide_numba(monkeypatch: pytest.MonkeyPatch, error: ImportError) -> None:
    hide(monkeypatch, "numba", error)


def hide(monkeypatch: pytest.MonkeyPatch, package: str, error: ImportError) -> None:
    def importing(name: str) -> object:
        if name == package:
            raise error
        return __import__(name, fromlist=["corners"])

    engines._fault.cache_clear()
    monkeypatch.setattr(engines, "import_module", importing)
    monkeypatch.setattr(engines, "_fault", engines._fault.__wrapped__)
