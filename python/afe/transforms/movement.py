"""Transforms that move elements: reshape, layout, slice, crop."""

from __future__ import annotations

import math
from dataclasses import dataclass

from afe.package.network import TensorType
from afe.transforms.base import Array, Stored, Transform, Writer


@dataclass(frozen=True)
class Reshape(Transform):
    """Other dimensions, the first (images) as it is; one may be -1."""

    newshape: tuple[int, ...]

    name = "reshape"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        known = math.prod(size for size in self.newshape if size != -1)
        count = parameter_type.element_count
        if self.newshape.count(-1) > 1 or known < 1 or count % known:
            self.refuse(f"{list(parameter_type.shape)} cannot become {list(self.newshape)}")
        shape = tuple(count // known if size == -1 else size for size in self.newshape)
        if math.prod(shape) != count or shape[0] != parameter_type.shape[0]:
            self.refuse(f"{list(parameter_type.shape)} cannot become {list(shape)}")
        return TensorType(parameter_type.scalar, shape)

    def compute(self, t: Array) -> Array:
        return t.reshape(self.newshape)

    def write(self, writer: Writer, x: Stored) -> Stored:
        shape = self.get_result_type(x.type).shape
        return x.with_tensor(writer.builder.reshape(x.tensor, shape))


@dataclass(frozen=True)
class Layout(Transform):
    """Dimensions reordered, named by letters, as from NHWC to NCHW; N stays first."""

    src_layout: str
    dst_layout: str

    name = "layout"

    @property
    def _perms(self) -> list[int]:
        return [self.src_layout.index(letter) for letter in self.dst_layout]

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        source, destination = self.src_layout, self.dst_layout
        if sorted(source) != sorted(destination) or len(set(source)) != len(source):
            self.refuse(f"{source} cannot become {destination}")
        if len(source) != len(parameter_type.shape):
            self.refuse(f"{source} names {len(source)} dimensions of {list(parameter_type.shape)}")
        if source[:1] != destination[:1]:
            self.refuse(f"from {source} to {destination}: the first dimension must stay first")
        shape = tuple(parameter_type.shape[axis] for axis in self._perms)
        return TensorType(parameter_type.scalar, shape)

    def compute(self, t: Array) -> Array:
        return t.transpose(self._perms)

    def write(self, writer: Writer, x: Stored) -> Stored:
        return x.with_tensor(writer.builder.transpose(x.tensor, self._perms))


@dataclass(frozen=True)
class Slice(Transform):
    """The box from `begin` to `end`, one bound per dimension; all images are kept."""

    begin: tuple[int, ...]
    end: tuple[int, ...]

    name = "slice"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        shape = parameter_type.shape
        if not len(self.begin) == len(self.end) == len(shape):
            self.refuse(f"{len(self.begin)} and {len(self.end)} bounds for {len(shape)} dimensions")
        for low, high, size in zip(self.begin, self.end, shape, strict=True):
            if not 0 <= low < high <= size:
                self.refuse(f"[{low}, {high}) is no part of a dimension of {size}")
        if (self.begin[0], self.end[0]) != (0, shape[0]):
            self.refuse("the first dimension counts images and is kept whole")
        sizes = tuple(high - low for low, high in zip(self.begin, self.end, strict=True))
        return TensorType(parameter_type.scalar, sizes)

    def compute(self, t: Array) -> Array:
        box = [slice(low, high) for low, high in zip(self.begin, self.end, strict=True)]
        return t[tuple(box)]

    def write(self, writer: Writer, x: Stored) -> Stored:
        sizes = self.get_result_type(x.type).shape
        return x.with_tensor(writer.builder.slice(x.tensor, self.begin, sizes))


@dataclass(frozen=True)
class Crop(Transform):
    """The part of images [N, H, W, C] from one point (x, y) to another, past the end."""

    bounding_box: tuple[tuple[int, int], tuple[int, int]]

    name = "crop"

    def _slice(self, tensor: TensorType) -> Slice:
        count, _, _, channels = self.demand_image(tensor)
        (left, top), (right, bottom) = self.bounding_box
        return Slice((0, top, left, 0), (count, bottom, right, channels))

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        _, height, width, _ = self.demand_image(parameter_type)
        (left, top), (right, bottom) = self.bounding_box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            self.refuse(f"{self.bounding_box} is no part of an image {width} wide, {height} high")
        return self._slice(parameter_type).get_result_type(parameter_type)

    def compute(self, t: Array) -> Array:
        (left, top), (right, bottom) = self.bounding_box
        return t[:, top:bottom, left:right]

    def write(self, writer: Writer, x: Stored) -> Stored:
        return self._slice(x.type).write(writer, x)
