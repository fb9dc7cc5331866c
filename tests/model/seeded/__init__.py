"""Seeded violations: each function plays a valid scene, yields, and then falsifies its history. Before the yield the
checker must find nothing; after it, exactly the invariant that the function is listed under."""
from . import endings, honest, lineage, store  # noqa: F401
from .scene import SEEDED, Scene  # noqa: F401
