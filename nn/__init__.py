"""Layers, losses and optimizers on scalars, small enough to read in one sitting."""

from pluggrad.ops import log_softmax, softmax

from .attention import Attention
from .initial import gauss, glorot, he, uniform
from .layers import Embedding, Linear, RMSNorm
from .losses import binary_cross_entropy, cross_entropy, hinge, mean, mse
from .module import Module
from .neurons import MLP, Layer, Neuron
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from .schedules import cosine, exponential, linear, staircase, warmup

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Attention",
    "Embedding",
    "Layer",
    "Linear",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSNorm",
    "RMSprop",
    "binary_cross_entropy",
    "cosine",
    "cross_entropy",
    "exponential",
    "gauss",
    "glorot",
    "he",
    "hinge",
    "linear",
    "log_softmax",
    "mean",
    "mse",
    "softmax",
    "staircase",
    "uniform",
    "warmup",
]
