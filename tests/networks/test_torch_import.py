"""PyTorch modules: the same function in double precision, exact weights, refusals that name the module."""

import numpy as np
import pytest

import llrsym as ll
from llrsym.domains.float64 import approx_trace
from llrsym.errors import BadInput
from llrsym.networks.torch_import import from_torch
from llrsym.networks.torch_rules import RULES

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812


def mlp(*activations):
    layers = [layer for act in activations for layer in (nn.Linear(3, 3), act)]
    return nn.Sequential(*layers, nn.Linear(3, 1))


class Residual(nn.Module):
    """Functional calls and methods of tensors."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 4, bias=False)
        self.scale = nn.Parameter(torch.linspace(0.5, 1.5, 4))
        self.register_buffer("shift", torch.tensor([0.1, 0.2, 0.3, 0.4]))

    def forward(self, x):
        h = F.silu(self.first(x)).chunk(2, dim=-1)
        y = torch.cat([h[0].sigmoid() * h[1], h[1].pow(2)], dim=-1)
        z = x + self.scale * self.second(y) - self.shift
        return torch.stack([z.mean(dim=-1), z.sum(-1) / 2, (z.exp() + 1).reciprocal()[..., 0]], dim=1)


class Attention(nn.Module):
    """Self-attention with a causal mask and a residual."""

    def __init__(self, causal):
        super().__init__()
        self.inner = nn.MultiheadAttention(4, 2, batch_first=True)
        self.mask = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1) if causal else None

    def forward(self, x):
        return x + self.inner(x, x, x, attn_mask=self.mask, need_weights=False)[0]


class Tied(nn.Module):
    """One tensor under two names, and an autoencoder's transpose of it."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        self.b.weight = self.a.weight

    def forward(self, x):
        return torch.tanh(self.b(torch.tanh(self.a(x)))) @ self.a.weight


def trained_norm():
    norm = nn.BatchNorm2d(2)
    norm.running_mean, norm.running_var = torch.tensor([0.1, -0.2]), torch.tensor([1.5, 0.7])
    return norm.eval()


MODULES = {
    "activations": (mlp(nn.Tanh(), nn.Sigmoid(), nn.SiLU(), nn.Mish(), nn.Softplus(2)), (1, 3)),
    "gelu": (mlp(nn.GELU(approximate="tanh"), nn.GELU(), nn.Softplus()), (1, 3)),
    "softmax": (mlp(nn.Softmax(dim=-1), nn.Softmin(dim=-1)), (1, 3)),
    "no batch": (mlp(nn.Tanh()), (3,)),
    "conv1d": (
        nn.Sequential(nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), nn.Tanh(), nn.Flatten()),
        (1, 2, 7),
    ),
    "conv2d": (
        nn.Sequential(nn.Conv2d(1, 2, 3), trained_norm(), nn.Tanh(), nn.Conv2d(2, 1, 2, dilation=2)),
        (1, 1, 6, 6),
    ),
    "pooling": (
        nn.Sequential(nn.Conv2d(1, 2, 2), nn.AvgPool2d(2, padding=1), nn.AdaptiveAvgPool2d(1)),
        (1, 1, 5, 5),
    ),
    "functional": (Residual(), (1, 4)),
    "attention": (Attention(False), (1, 3, 4)),
    "causal attention": (Attention(True), (1, 3, 4)),
    "recurrent": (nn.RNN(2, 3, 2, batch_first=True), (1, 3, 2)),
    "gru": (nn.GRU(2, 2, batch_first=True), (1, 2, 2)),
    "lstm": (nn.LSTM(2, 2, batch_first=True), (1, 2, 2)),
    "tied": (Tied(), (1, 2)),
    "bilinear": (
        nn.Sequential(nn.Linear(2, 4), nn.Unflatten(1, (2, 2)), nn.Flatten(0), nn.Dropout(0.5).eval()),
        (1, 2),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_the_same_function(name):
    module, shape = MODULES[name]
    torch.manual_seed(1)
    module = module.double()
    network, weights = from_torch(module, torch.zeros(shape, dtype=torch.float64))
    x = torch.rand(shape, dtype=torch.float64) * 2 - 1
    result = module(x)
    expected = (result[0] if isinstance(result, tuple) else result).detach().numpy().ravel()
    flat = [np.ravel(weights[k]).tolist() for k in network.parameter_names]
    values = approx_trace(network.program, flat, x.numpy().reshape(1, -1)).values
    np.testing.assert_allclose(np.ravel(values[network.program.output]), expected, rtol=1e-9, atol=1e-12)


def test_weights_are_those_of_the_module_bit_for_bit():
    module = mlp(nn.Tanh())
    network, weights = from_torch(module, torch.zeros(1, 3))
    assert network.parameter_names == ("0.weight", "0.bias", "2.weight", "2.bias")
    assert all(np.array_equal(weights[k], p.detach().numpy()) for k, p in module.named_parameters())
    assert ll.model_rank(network, at=weights).lower == 16


def test_a_tied_tensor_is_one_parameter():
    assert from_torch(Tied(), torch.zeros(1, 2))[0].layers == (("a.weight", (2, 2), 4),)


def test_frozen_and_undeclared_tensors_are_constants():
    module = mlp(nn.Tanh())
    module[0].weight.requires_grad_(False)
    assert from_torch(module, torch.zeros(1, 3))[0].parameter_names == ("0.bias", "2.weight", "2.bias")
    assert from_torch(module, torch.zeros(1, 3), parameters=["2.bias"])[0].parameter_count == 1


def test_half_precision_loses_nothing():
    module = mlp(nn.Tanh()).bfloat16()
    _, weights = from_torch(module, torch.zeros(1, 3, dtype=torch.bfloat16))
    assert np.array_equal(weights["0.weight"], module[0].weight.detach().float().numpy())


@pytest.mark.parametrize("norm", ["native_layer_norm", "native_group_norm"])
def test_rules_with_roots_agree_with_torch_on_arrays(norm):
    x, scale, bias = (np.random.default_rng(k).normal(size=s) for k, s in enumerate([(2, 4, 3), 3, 3]))
    if norm == "native_group_norm":
        x, module = np.swapaxes(x, 1, 2)[:, [0, 1, 2, 0]], nn.GroupNorm(2, 4, affine=False).double()
        got = RULES[norm](x, None, None, 2, 4, 4, 2, 1e-5)[0]
    else:
        module = nn.LayerNorm(3).double()
        module.weight.data, module.bias.data = torch.tensor(scale), torch.tensor(bias)
        got = RULES[norm](x, [3], scale, bias, 1e-5)[0]
    np.testing.assert_allclose(got, module(torch.tensor(x)).detach().numpy(), rtol=1e-9)


class Branch(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


REFUSED = {
    r"module '1' \(ReLU\), node 'relu': relu is not analytic: it has a corner": (mlp(nn.ReLU()), (1, 3)),
    r"module '1' \(Hardtanh\), .* is not analytic": (mlp(nn.Hardtanh()), (1, 3)),
    r"module '1' \(Dropout\), .*chance or on the batch; call module.eval": (mlp(nn.Dropout(0.5)), (1, 3)),
    r"module '0' \(BatchNorm1d\), .*call module.eval": (nn.Sequential(nn.BatchNorm1d(3)), (2, 3)),
    r"module '0' \(MaxPool2d\), .*not analytic": (nn.Sequential(nn.MaxPool2d(2)), (1, 1, 4, 4)),
    r"module '1' \(LogSoftmax\), .*not supported": (mlp(nn.LogSoftmax(-1)), (1, 3)),
    r"module '0' \(ConvTranspose1d\), .*transposed convolution": (
        nn.Sequential(nn.ConvTranspose1d(1, 1, 2)),
        (1, 1, 4),
    ),
    "torch.export cannot trace the module": (Branch(), (1, 3)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_names_the_module(reason):
    module, shape = REFUSED[reason]
    with pytest.raises(BadInput, match=reason) as caught:
        from_torch(module, torch.zeros(shape))
    assert "\n" not in str(caught.value)


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match=r"expected a torch.nn.Module, got dict"):
        from_torch({}, torch.zeros(1, 2))
    with pytest.raises(BadInput, match="pass one tensor of real numbers"):
        from_torch(nn.Embedding(3, 2), torch.zeros(1, dtype=torch.int64))
    with pytest.raises(BadInput, match=r"'W' is no parameter; there are 0.weight"):
        from_torch(mlp(nn.Tanh()), torch.zeros(1, 3), parameters=["W"])
    with pytest.raises(BadInput, match="give a list of names"):
        from_torch(mlp(nn.Tanh()), torch.zeros(1, 3), parameters="0.weight")


def test_an_import_that_differs_from_the_module_is_refused(monkeypatch):
    monkeypatch.setitem(RULES, "tanh", RULES["cosh"])
    with pytest.raises(BadInput, match="the imported network and the module differ at a random input"):
        from_torch(mlp(nn.Tanh()), torch.zeros(1, 3))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(BadInput, match=r"pip install 'llrsym\[torch\]'"):
        from_torch(object(), None)


def test_safetensors_files_hold_the_weights_of_a_module(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    for kind in (torch.float32, torch.bfloat16):
        module = mlp(nn.Tanh()).to(kind)
        save_file(module.state_dict(), tmp_path / "weights.safetensors")
        loaded = ll.load_weights(tmp_path / "weights.safetensors")
        network, weights = from_torch(module, torch.zeros(1, 3, dtype=kind))
        assert ll.model_rank(network, at=loaded).lower == 16
        assert all(np.array_equal(loaded[name], weights[name]) for name in weights)
