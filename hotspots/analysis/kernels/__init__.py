"""Sums of kernels over a grid, and the share of each kernel inside an outline."""

from hotspots.analysis.kernels.b_spline import assign, sharpening
from hotspots.analysis.kernels.direct import keep_within_reach, merge_stacked, stamp, widen
from hotspots.analysis.kernels.edge_mass import kernel_mass
from hotspots.analysis.kernels.fourier import convolve, prepare, transform
from hotspots.analysis.kernels.profiles import KERNELS, peak_of, reach_of
from hotspots.analysis.kernels.sums import kernel_sums

__all__ = [
    "KERNELS",
    "assign",
    "convolve",
    "keep_within_reach",
    "kernel_mass",
    "kernel_sums",
    "merge_stacked",
    "peak_of",
    "prepare",
    "reach_of",
    "sharpening",
    "stamp",
    "transform",
    "widen",
]
