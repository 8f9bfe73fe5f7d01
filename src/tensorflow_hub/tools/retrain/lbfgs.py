"""Finds the minimum of a smooth convex function from its values and gradients: limited-memory BFGS.

Source: J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed., algorithms 7.4 (two-loop recursion) and
3.5 and 3.6 (line search for the strong Wolfe conditions; bisection is enough for convex functions).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]

_MEMORY = 10
_SUFFICIENT_DECREASE = 1e-4
_CURVATURE = 0.9


def dot(left: Vector, right: Vector) -> float:
    """Returns the scalar product, without threads: those of `@` slow down a busy machine.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float((left * right).sum())


def minimise(
    objective: Objective, start: Vector, *, tolerance: float = 1e-5, max_iterations: int = 500
) -> Iterator[tuple[Vector, float]]:
    """Yields (point, value) after each iteration, until no entry of the gradient is larger than `tolerance`.

    The objective, convex and smooth, returns its value and its gradient at a point, float64 of any length.

    >>> *_, (point, value) = minimise(lambda x: (float(x @ x), 2 * x), np.array([3.0, -4.0]))
    >>> bool(abs(point).max() < 1e-5)
    True
    """
    point, (value, gradient) = start, objective(start)
    history: deque[tuple[Vector, Vector]] = deque(maxlen=_MEMORY)
    yield point, value
    for _ in range(max_iterations):
        if np.abs(gradient).max(initial=0.0) <= tolerance:
            return
        direction = _direction(gradient, history)
        step = _line_search(objective, point, value, gradient, direction, first=not history)
        if step is None:
            return
        new_point, new_value, new_gradient = step
        difference, bend = new_point - point, new_gradient - gradient
        if dot(difference, bend) > 1e-12 * dot(bend, bend):
            history.append((difference, bend))
        point, value, gradient = new_point, new_value, new_gradient
        yield point, value


def _direction(gradient: Vector, history: deque[tuple[Vector, Vector]]) -> Vector:
    """Returns minus the approximate inverse Hessian times the gradient."""
    direction = -gradient
    weights = []
    for difference, bend in reversed(history):
        weight = dot(difference, direction) / dot(difference, bend)
        weights.append(weight)
        direction = direction - weight * bend
    if history:
        difference, bend = history[-1]
        direction = direction * (dot(difference, bend) / dot(bend, bend))
    for (difference, bend), weight in zip(history, reversed(weights), strict=True):
        direction = direction + (weight - dot(bend, direction) / dot(difference, bend)) * difference
    return direction


def _line_search(
    objective: Objective, point: Vector, value: float, gradient: Vector, direction: Vector, *, first: bool
) -> tuple[Vector, float, Vector] | None:
    """Returns a step that satisfies the Wolfe conditions; None if it lowers the value by a rounding error."""
    slope = dot(gradient, direction)
    low, high = 0.0, np.inf
    step = min(1.0, 1.0 / float(np.abs(gradient).sum())) if first else 1.0
    for _ in range(40):
        candidate = point + step * direction
        new_value, new_gradient = objective(candidate)
        if not np.isfinite(new_value) or new_value > value + _SUFFICIENT_DECREASE * step * slope:
            high = step
        elif dot(new_gradient, direction) < _CURVATURE * slope:
            low = step
        else:
            return candidate, new_value, new_gradient
        step = 2 * low if np.isinf(high) else (low + high) / 2
    return None
