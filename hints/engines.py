"""What PyTorch, JAX and micrograd call a thing, what it is called here, and why some are missing.

The documentation prints the table; an error about a name that a package has not asks it, too.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from .names import HINTS

# Where public names are looked for when they are missed in another package.
PACKAGES = ("pluggrad", "pluggrad.func", "pluggrad.nn", "pluggrad.ops", "pluggrad.testing")


class Row(NamedTuple):
    """One thing. A name is a path to import; "" where an engine has none.

    Attributes:
        here: the name in pluggrad, or "" where it is missing.
        why: why it is missing, or what differs.
    """

    torch: str
    jax: str
    micrograd: str
    here: str
    why: str = ""


SCALARS = "a Value is one number; use a list"
ZOO = "an engine, not a zoo of layers"

GROUPS: dict[str, list[Row]] = {
    "Numbers and gradients": [
        Row(
            "torch.tensor",
            "jax.numpy.array",
            "micrograd.engine.Value",
            "pluggrad.Value",
            "one number",
        ),
        Row(
            "torch.Tensor.backward",
            "",
            "micrograd.engine.Value.backward",
            "pluggrad.Value.backward",
        ),
        Row("torch.Tensor", "jax.Array", "", "pluggrad.Value", "one number"),
        Row("torch.autograd.grad", "jax.grad", "", "pluggrad.grad"),
        Row("torch.Tensor.detach", "jax.lax.stop_gradient", "", "pluggrad.Value.detach"),
        Row("torch.no_grad", "", "", "pluggrad.no_grad"),
        Row("torch.inference_mode", "", "", "pluggrad.no_grad"),
        Row("torch.enable_grad", "", "", "", "recording is on outside of `with no_grad():`"),
        Row("torch.set_grad_enabled", "", "", "", "`with no_grad():` turns recording off"),
        Row("torch.is_grad_enabled", "", "", "", "`with no_grad():` turns recording off"),
        Row("torch.Tensor.item", "", "", "pluggrad.Value.data", "`x.data` is a float"),
        Row("torch.Tensor.register_hook", "", "", "pluggrad.on_gradient"),
        Row("torch.autograd.Function", "jax.custom_vjp", "", "pluggrad.custom_rule"),
        Row("torch.library.custom_op", "jax.extend.core.Primitive", "", "pluggrad.Op"),
        Row("torch.utils.checkpoint.checkpoint", "jax.checkpoint", "", "pluggrad.checkpoint"),
        Row(
            "torch.autograd.gradcheck",
            "jax.test_util.check_grads",
            "",
            "pluggrad.testing.check_op",
        ),
        Row("torch.autograd.detect_anomaly", "jax.debug_nans", "", "pluggrad.detect_anomaly"),
        Row("torch.compile", "jax.jit", "", "pluggrad.compile"),
        Row("", "jax.make_jaxpr", "", "pluggrad.render", "draws what was recorded"),
        Row("torch.nn.Parameter", "", "", "pluggrad.Value", "every Value is one"),
        Row("torch.randn", "jax.random.normal", "", "", "`[rng.gauss(0, 1) for _ in range(n)]`"),
        Row("torch.linspace", "jax.numpy.linspace", "", "", "`numpy.linspace` gives floats"),
        Row("torch.arange", "jax.numpy.arange", "", "", "`range`, or `numpy.arange`"),
        Row("torch.zeros", "jax.numpy.zeros", "", "", "`[Value(0.0) for _ in range(n)]`"),
        Row("torch.manual_seed", "jax.random.key", "", "", "modules take `rng=random.Random(1)`"),
        Row("torch.Tensor.to", "jax.device_put", "", "", "there is no GPU, and one kind of number"),
        Row("torch.matmul", "jax.numpy.matmul", "", "", SCALARS),
        Row("", "jax.lax.cond", "", "", "write `if`; `compile` follows it"),
        Row("", "jax.lax.while_loop", "", "", "write `while`; `compile` follows it"),
        Row("", "jax.lax.scan", "", "", "write `for`; `compile` finds the repeated body"),
        Row("", "jax.pmap", "", "", "`compile(f, threads=2)` shares lanes between threads"),
    ],
    "Transforms": [
        Row("torch.func.grad", "jax.grad", "", "pluggrad.func.grad"),
        Row("torch.func.grad_and_value", "jax.value_and_grad", "", "pluggrad.func.value_and_grad"),
        Row("torch.func.vjp", "jax.vjp", "", "pluggrad.func.vjp"),
        Row("torch.func.jvp", "jax.jvp", "", "pluggrad.func.jvp"),
        Row("torch.func.jacrev", "jax.jacrev", "", "pluggrad.func.jacrev"),
        Row("torch.func.jacfwd", "jax.jacfwd", "", "pluggrad.func.jacfwd"),
        Row("torch.autograd.functional.jacobian", "jax.jacobian", "", "pluggrad.func.jacobian"),
        Row("torch.func.hessian", "jax.hessian", "", "pluggrad.func.hessian"),
        Row("torch.autograd.functional.hvp", "", "", "pluggrad.func.hvp"),
        Row("torch.func.linearize", "jax.linearize", "", "pluggrad.func.linearize"),
        Row("torch.func.vmap", "jax.vmap", "", "pluggrad.func.vmap", "over lists"),
        Row(
            "torch.utils._pytree.register_pytree_node",
            "jax.tree_util.register_pytree_node",
            "",
            "pluggrad.func.register_pytree_node",
        ),
    ],
    "Modules": [
        Row("torch.nn.Module", "", "micrograd.nn.Module", "pluggrad.nn.Module"),
        Row("torch.nn.Sequential", "", "", "pluggrad.nn.Sequential"),
        Row("torch.nn.Linear", "", "", "pluggrad.nn.Linear", "biases start at 0"),
        Row("", "", "micrograd.nn.Neuron", "pluggrad.nn.Neuron"),
        Row("", "", "micrograd.nn.Layer", "pluggrad.nn.Layer"),
        Row("", "", "micrograd.nn.MLP", "pluggrad.nn.MLP"),
        Row("torch.nn.Embedding", "", "", "pluggrad.nn.Embedding"),
        Row("torch.nn.RMSNorm", "", "", "pluggrad.nn.RMSNorm"),
        Row("torch.nn.MultiheadAttention", "", "", "pluggrad.nn.Attention", "self-attention"),
        Row("torch.nn.Identity", "", "", "pluggrad.nn.Identity"),
        Row("torch.nn.ReLU", "jax.nn.relu", "", "pluggrad.nn.ReLU"),
        Row("torch.nn.Tanh", "jax.nn.tanh", "", "pluggrad.nn.Tanh"),
        Row("torch.nn.Sigmoid", "jax.nn.sigmoid", "", "pluggrad.nn.Sigmoid"),
        Row("torch.nn.SiLU", "jax.nn.silu", "", "pluggrad.nn.SiLU"),
        Row("torch.nn.GELU", "jax.nn.gelu", "", "pluggrad.nn.GELU", "exact, as PyTorch's"),
        Row("torch.nn.Softplus", "jax.nn.softplus", "", "pluggrad.nn.Softplus"),
        Row("torch.nn.Softsign", "jax.nn.soft_sign", "", "pluggrad.nn.Softsign"),
        Row("torch.nn.LeakyReLU", "jax.nn.leaky_relu", "", "pluggrad.nn.LeakyReLU"),
        Row("torch.nn.ELU", "jax.nn.elu", "", "pluggrad.nn.ELU"),
        Row("torch.nn.Softmax", "jax.nn.softmax", "", "pluggrad.nn.Softmax"),
        Row("torch.nn.LogSoftmax", "jax.nn.log_softmax", "", "pluggrad.nn.LogSoftmax"),
        Row("torch.nn.Conv2d", "jax.lax.conv", "", "", ZOO),
        Row("torch.nn.LSTM", "", "", "", ZOO),
        Row("torch.nn.BatchNorm1d", "", "", "", ZOO),
        Row("torch.nn.Dropout", "", "", "", "multiply by a mask"),
        Row("torch.utils.data.DataLoader", "", "", "", "a Python loop over your data"),
    ],
    "Losses": [
        Row("torch.nn.functional.mse_loss", "", "", "pluggrad.nn.mse_loss", "also `mse`"),
        Row("torch.nn.MSELoss", "", "", "pluggrad.nn.MSELoss"),
        Row("torch.nn.functional.l1_loss", "", "", "pluggrad.nn.l1_loss"),
        Row("torch.nn.functional.huber_loss", "", "", "pluggrad.nn.huber_loss"),
        Row("torch.nn.functional.smooth_l1_loss", "", "", "pluggrad.nn.smooth_l1_loss"),
        Row("torch.nn.functional.cross_entropy", "", "", "pluggrad.nn.cross_entropy"),
        Row("torch.nn.CrossEntropyLoss", "", "", "pluggrad.nn.CrossEntropyLoss"),
        Row("torch.nn.functional.nll_loss", "", "", "pluggrad.nn.nll_loss"),
        Row(
            "torch.nn.functional.binary_cross_entropy_with_logits",
            "",
            "",
            "pluggrad.nn.binary_cross_entropy_with_logits",
            "also `binary_cross_entropy`",
        ),
        Row(
            "torch.nn.functional.binary_cross_entropy",
            "",
            "",
            "",
            "probabilities lose digits; pass logits",
        ),
        Row("torch.nn.BCELoss", "", "", "", "`BCEWithLogitsLoss` takes logits and loses no digits"),
        Row("torch.nn.functional.kl_div", "", "", "", "`cross_entropy` takes weights of classes"),
    ],
    "Training": [
        Row("torch.optim.SGD", "", "", "pluggrad.nn.SGD"),
        Row("torch.optim.Adam", "", "", "pluggrad.nn.Adam", "no `amsgrad`"),
        Row("torch.optim.AdamW", "", "", "pluggrad.nn.AdamW", "weight decay 0 unless given"),
        Row("torch.optim.RMSprop", "", "", "pluggrad.nn.RMSprop"),
        Row("torch.optim.LBFGS", "", "", "", "`scipy.optimize.minimize` takes compiled gradients"),
        Row("torch.nn.utils.clip_grad_norm_", "", "", "pluggrad.nn.clip_grad_norm_"),
        Row("torch.nn.utils.clip_grad_value_", "", "", "pluggrad.nn.clip_grad_value_"),
        *(
            Row(f"torch.optim.lr_scheduler.{name}", "", "", f"pluggrad.nn.lr_scheduler.{name}")
            for name in (
                "LambdaLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR "
                "CosineAnnealingLR SequentialLR"
            ).split()
        ),
        Row(
            "torch.optim.lr_scheduler.ReduceLROnPlateau",
            "",
            "",
            "",
            "set `optimizer.lr` in the loop",
        ),
        Row("torch.optim.lr_scheduler.OneCycleLR", "", "", "", "a function as `lr`"),
        Row("torch.nn.Module.state_dict", "", "", "pluggrad.nn.Module.state_dict"),
        Row("torch.save", "", "", "", "`json.dump(model.state_dict(), file)`, or pickle"),
    ],
    "Elementary functions": [
        *(
            Row(f"torch.{name}", f"jax.numpy.{name}", "", f"pluggrad.ops.{name}")
            for name in (
                "exp expm1 exp2 log log1p log2 log10 sqrt sin cos tan sinh cosh tanh abs sign "
                "floor ceil trunc round maximum minimum where clip hypot copysign fmod logaddexp "
                "sinc"
            ).split()
        ),
        Row("torch.asin", "jax.numpy.arcsin", "", "pluggrad.ops.asin"),
        Row("torch.acos", "jax.numpy.arccos", "", "pluggrad.ops.acos"),
        Row("torch.atan", "jax.numpy.arctan", "", "pluggrad.ops.atan"),
        Row("torch.atan2", "jax.numpy.arctan2", "", "pluggrad.ops.atan2"),
        Row("torch.relu", "jax.nn.relu", "micrograd.engine.Value.relu", "pluggrad.ops.relu"),
        Row("torch.sigmoid", "jax.nn.sigmoid", "", "pluggrad.ops.sigmoid"),
        Row("torch.erf", "jax.scipy.special.erf", "", "pluggrad.ops.erf"),
        Row("torch.erfinv", "jax.scipy.special.erfinv", "", "pluggrad.ops.erfinv"),
        Row("torch.lgamma", "jax.scipy.special.gammaln", "", "pluggrad.ops.lgamma"),
        Row("torch.digamma", "jax.scipy.special.digamma", "", "pluggrad.ops.digamma"),
        Row("torch.logsumexp", "jax.nn.logsumexp", "", "pluggrad.ops.logsumexp", "of a list"),
        Row("torch.softmax", "jax.nn.softmax", "", "pluggrad.ops.softmax", "of a list"),
        Row("torch.special.bessel_j0", "jax.scipy.special.bessel_jn", "", "", "write an `Op`"),
    ],
}


def instead_of(package: str, name: str) -> str:
    """Return what to write in place of `package.name`; "" for a name that no engine has.

    >>> instead_of("pluggrad.func", "jit")
    'jax.jit is pluggrad.compile here'
    >>> instead_of("pluggrad", "optim")
    'what torch.optim has is in pluggrad.nn here'
    """
    if f"{package}.{name}" in PACKAGES:
        return f"`import {package}.{name}` loads it"
    for place in PACKAGES:  # what is not loaded is not loaded here: plugins may be on their way
        if place != package and name in getattr(sys.modules.get(place), "__all__", ()):
            return f"it is {place}.{name}"
    return next(_things(name), "") or _module(name) or HINTS.get(name, "")


def refuse_module(path: str) -> None:
    """Say what to import instead of a module that pluggrad has not, where another engine has it.

    Raises:
        ModuleNotFoundError: as Python raises it, with the answer behind.
    """
    package, _, name = path.rpartition(".")
    if package in PACKAGES and (hint := MODULES.get(name) or instead_of(package, name)):
        raise ModuleNotFoundError(f"No module named {path!r}: {hint}", name=path)


# Modules that are imported by their whole path elsewhere: what to import here.
MODULES = {
    "engine": "from pluggrad import Value",
    "functional": "import pluggrad.nn",
    "numpy": "import pluggrad.ops; pluggrad.values(array) is an array with gradients",
    "optim": "import pluggrad.nn, which has the optimizers",
}


def _things(name: str) -> Iterator[str]:
    """Say what each thing of this name is here, or why it is missing."""
    for row in _rows():
        for path in row[:3]:
            if path.rpartition(".")[2] == name:
                why = f" ({row.why})" if row.why else ""
                missing = f"{path} has no counterpart here: {row.why}"
                yield f"{path} is {row.here} here{why}" if row.here else missing


def _module(name: str) -> str:
    """Say which package has most of what a module of this name has elsewhere."""
    places: Counter[tuple[str, str]] = Counter()
    for row in _rows():
        for path in filter(None, row[:3]):
            head, dot, _ = path.partition(f".{name}.")
            if dot and row.here:
                places[f"{head}.{name}", _package(row.here)] += 1
    for (module, package), _ in places.most_common(1):
        return f"what {module} has is in {package} here"
    return ""


def _rows() -> Iterator[Row]:
    return (row for rows in GROUPS.values() for row in rows)


def _package(path: str) -> str:
    return max((p for p in PACKAGES if path.startswith(f"{p}.")), key=len)
