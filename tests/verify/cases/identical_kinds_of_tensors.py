# expect: identical level=operation
import os
import warnings

import torch
import torch.distributed as dist
from torch.distributed.tensor import DeviceMesh, Shard, distribute_tensor

warnings.simplefilter("ignore")
torch.manual_seed(0)


class Meters(torch.Tensor):
    pass


class Doubled(torch.Tensor):
    """A wrapper with a dispatch of its own."""

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

    def __init__(self, inner):
        self.inner = inner

    def __tensor_flatten__(self):
        return ["inner"], None

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        plain = [each.inner if isinstance(each, cls) else each for each in args]
        return cls(func(*plain, **(kwargs or {})))


x = torch.randn(4, 4)
print(x.as_subclass(Meters).sin().sum())
print((Doubled(x) * 2).inner.sum())

sparse = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], torch.randn(3), (2, 4))
print(torch.sparse.mm(sparse, x), (sparse + sparse).coalesce().to_sparse_csr() @ x)

nested = torch.nested.nested_tensor([torch.randn(2, 3), torch.randn(4, 3)])
print(torch.nn.functional.linear(nested, torch.randn(5, 3)).unbind()[0].sum())
jagged = torch.nested.nested_tensor([torch.randn(2), torch.randn(4)], layout=torch.jagged)
print((jagged * 2).values().sum())

quantised = torch.quantize_per_tensor(x, 0.1, 10, torch.quint8)
print(quantised.dequantize().sum(), quantised.int_repr().sum())

z = torch.randn(4, dtype=torch.complex64, requires_grad=True)
(z.conj() * z).real.sum().backward()
print(torch.fft.fft(z).abs().sum(), z.grad)

print(torch.func.vmap(torch.func.grad(lambda row: row.sin().sum()))(x))
print(torch.func.jacrev(torch.sin)(x[0]))


@torch.jit.script
def scripted(value: torch.Tensor) -> torch.Tensor:
    for _ in range(3):
        value = value.tanh() + 1
    return value


print(scripted(x).sum())
print(torch.empty(10**9, device="meta").sin().shape)
print(x.to(torch.float8_e4m3fn).float().sum(), x.bfloat16().sum())

os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", RANK="0", WORLD_SIZE="1")
store = dist.HashStore()
dist.init_process_group("gloo", store=store, rank=0, world_size=1)
mesh = DeviceMesh("cpu", [0])
print(distribute_tensor(x, mesh, [Shard(0)]).sin().to_local().sum())
dist.destroy_process_group()
