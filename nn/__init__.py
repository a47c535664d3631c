"""Layers, losses and optimizers on scalars, small enough to read in one sitting."""

from pluggrad.ops import log_softmax, softmax

from . import lr_scheduler
from .activations import (
    ELU,
    GELU,
    Activation,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .attention import Attention
from .clipping import clip_grad_norm_, clip_grad_value_
from .initial import gauss, glorot, he, uniform
from .layers import Embedding, Linear, RMSNorm
from .losses import binary_cross_entropy, cross_entropy, hinge, mean, mse
from .module import Module
from .neurons import MLP, Layer, Neuron
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from .schedules import cosine, exponential, linear, staircase, warmup
from .sequential import Sequential
from .torch_losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "Attention",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Embedding",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "NLLLoss",
    "Neuron",
    "Optimizer",
    "RMSNorm",
    "RMSprop",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cosine",
    "cross_entropy",
    "exponential",
    "gauss",
    "glorot",
    "he",
    "hinge",
    "huber_loss",
    "l1_loss",
    "linear",
    "log_softmax",
    "lr_scheduler",
    "mean",
    "mse",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
    "softmax",
    "staircase",
    "uniform",
    "warmup",
]
