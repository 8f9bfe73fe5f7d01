"""A progressive GAN: a latent vector in, a picture of clothes out, trained here on Fashion-MNIST.

Karras et al., "Progressive Growing of GANs", 2018 (https://arxiv.org/abs/1710.10196): generator and
discriminator grow from 7 × 7 over 14 × 14 to 28 × 28 pixels, each new resolution is faded in. The loss is the
non-saturating one with an R1 penalty on real pictures (Mescheder et al., 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import fashion
import keras
import numpy as np
import tensorflow as tf
from progress import counted
from recipe import Recipe
from saving import save

_LATENT = 64
_SIDES = (7, 14, 28)
_WIDTHS = (64, 48, 24)  # channels at each side
_BATCH = 32
_STEPS = (600, 1200, 5000)  # at each resolution; the first third of them fades it in
_RATE = 1.5e-3
_R1_WEIGHT, _R1_EVERY = 10.0, 8


class _Layer(tf.Module):
    """A convolution or matrix whose weights are scaled to unit variance as they are used (section 4.1)."""

    def __init__(self, shape: tuple[int, ...], name: str) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.random.stateless_normal(shape, _seed(name)), name=f"{name}/weight")
        self.bias = tf.Variable(tf.zeros(shape[-1]), name=f"{name}/bias")
        self._scale = float(np.sqrt(2.0 / np.prod(shape[:-1])))

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        weight = self.weight * self._scale
        product = tf.nn.conv2d(x, weight, 1, "SAME") if len(weight.shape) == 4 else tf.matmul(x, weight)
        return product + self.bias


def _seed(name: str) -> tuple[int, int]:
    return (1, sum(map(ord, name)))


def _leaky(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.leaky_relu(x, 0.2)


def _pixel_norm(x: tf.Tensor) -> tf.Tensor:
    """Scales the vector at each place to length one (section 4.2)."""
    return x * tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + 1e-8)


def _double(x: tf.Tensor) -> tf.Tensor:
    return tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)


def _halve(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.avg_pool2d(x, 2, 2, "VALID")


class Generator(tf.Module):
    """Latent vectors → pictures in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.start = _Layer((_LATENT, _SIDES[0] ** 2 * _WIDTHS[0]), "start")
        before = (_WIDTHS[0], *_WIDTHS)
        self.blocks = [
            [_Layer((3, 3, before[i], w), f"block{i}_0"), _Layer((3, 3, w, w), f"block{i}_1")]
            for i, w in enumerate(_WIDTHS)
        ]
        self.to_picture = [_Layer((1, 1, w, 1), f"to_picture{i}") for i, w in enumerate(_WIDTHS)]

    def __call__(self, latent: tf.Tensor, level: int, alpha: tf.Tensor | float = 1.0) -> tf.Tensor:
        """Pictures `[batch, side, side, 1]` of resolution `level`, `alpha` of the way from the one below."""
        x = tf.reshape(_leaky(self.start(_pixel_norm(latent))), [-1, _SIDES[0], _SIDES[0], _WIDTHS[0]])
        smaller = x
        for number in range(level + 1):
            smaller = x
            x = x if number == 0 else _double(x)
            for layer in self.blocks[number]:
                x = _pixel_norm(_leaky(layer(x)))
        picture = self.to_picture[level](x)
        if level:
            picture = alpha * picture + (1 - alpha) * _double(self.to_picture[level - 1](smaller))
        return picture


class Discriminator(tf.Module):
    """Pictures → how real each looks."""

    def __init__(self) -> None:
        super().__init__()
        self.from_picture = [_Layer((1, 1, 1, w), f"from_picture{i}") for i, w in enumerate(_WIDTHS)]
        below = (_WIDTHS[0], *_WIDTHS)
        self.blocks = [
            [_Layer((3, 3, w + (i == 0), w), f"critic{i}_0"), _Layer((3, 3, w, below[i]), f"critic{i}_1")]
            for i, w in enumerate(_WIDTHS)
        ]
        self.end = _Layer((_SIDES[0] ** 2 * _WIDTHS[0], 1), "end")

    def __call__(self, picture: tf.Tensor, level: int, alpha: tf.Tensor | float = 1.0) -> tf.Tensor:
        """Scores `[batch, 1]`."""
        x = _leaky(self.from_picture[level](picture))
        for number in range(level, -1, -1):
            if number == 0:
                # The spread over the batch shows the discriminator a lack of variety (section 3).
                # The corners are black in all pictures: a root of zero has no gradient.
                deviation = tf.sqrt(tf.math.reduce_variance(x, axis=0) + 1e-8)
                spread = tf.reduce_mean(deviation) * tf.ones_like(x[..., :1])
                x = tf.concat([x, spread], axis=-1)
            for layer in self.blocks[number]:
                x = _leaky(layer(x))
            if number:
                x = _halve(x)
            if number == level and level:
                x = alpha * x + (1 - alpha) * _leaky(self.from_picture[level - 1](_halve(picture)))
        return self.end(tf.reshape(x, [-1, _SIDES[0] ** 2 * _WIDTHS[0]]))


def train(pictures: np.ndarray, steps: tuple[int, ...] = _STEPS) -> Generator:
    """Trains on float32 `[n, 28, 28, 1]` in [-1, 1] and returns the averaged generator.

    The average over the last steps gives better pictures than the last step (appendix A).
    """
    generator, average, discriminator = Generator(), Generator(), Discriminator()
    generator_optimizer, discriminator_optimizer = (keras.optimizers.Adam(_RATE, 0.0, 0.99) for _ in range(2))
    generator_optimizer.build(generator.trainable_variables)
    discriminator_optimizer.build(discriminator.trainable_variables)
    random = np.random.default_rng(1)

    for level, count in enumerate(steps):
        real = tf.image.resize(pictures, [_SIDES[level]] * 2, "area").numpy()

        @tf.function
        def step(
            batch: tf.Tensor, latents: tf.Tensor, alpha: tf.Tensor, penalise: bool, level: int = level
        ) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                fake = generator(latents[0], level, alpha)
                with tf.GradientTape() as inner:
                    inner.watch(batch)
                    real_score = discriminator(batch, level, alpha)
                loss = tf.reduce_mean(
                    tf.nn.softplus(-real_score) + tf.nn.softplus(discriminator(fake, level, alpha))
                )
                if penalise:
                    slope = inner.gradient(real_score, batch)
                    loss += 0.5 * _R1_WEIGHT * tf.reduce_mean(tf.reduce_sum(slope**2, axis=[1, 2, 3]))
            _apply(discriminator_optimizer, tape, loss, discriminator)
            with tf.GradientTape() as tape:
                score = discriminator(generator(latents[1], level, alpha), level, alpha)
                generator_loss = tf.reduce_mean(tf.nn.softplus(-score))
            _apply(generator_optimizer, tape, generator_loss, generator)
            for mean, now in zip(average.trainable_variables, generator.trainable_variables, strict=True):
                mean.assign(0.997 * mean + 0.003 * now)
            return loss, generator_loss

        for number in counted(range(count), count, f"{_SIDES[level]} × {_SIDES[level]} pixels"):
            batch = real[random.integers(len(real), size=_BATCH)]
            latents = random.standard_normal((2, _BATCH, _LATENT)).astype(np.float32)
            alpha = tf.constant(min(1.0, 3 * number / count), tf.float32)
            step(tf.constant(batch), tf.constant(latents), alpha, number % _R1_EVERY == 0)
    return average


def _apply(
    optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, of: tf.Module
) -> None:
    """One step; layers of resolutions that are not in use yet have no gradient."""
    variables = of.trainable_variables
    gradients = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def read_pictures(package: Path) -> np.ndarray:
    """All pictures: float32 `[n, 28, 28, 1]` in [-1, 1]."""
    pictures = np.concatenate([fashion.read_class(package, number) for number in range(10)])
    return pictures[..., None] * 2 - 1


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: float32 `[batch, 64]` → float32 `[batch, 28, 28, 1]` in [0, 1]."""
    generator = train(read_pictures(packages["fashion-mnist"]))

    def apply(latent: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.clip_by_value(generator(latent, len(_SIDES) - 1) * 0.5 + 0.5, 0.0, 1.0)

    save(
        directory,
        apply,
        tf.TensorSpec([None, _LATENT], tf.float32),
        variables=list(generator.trainable_variables),
    )


RECIPES = (
    Recipe(
        name="zoo/progressive-gan-fashion/1",
        description="A progressive GAN that paints clothes: 64 random numbers in, a picture out.",
        task="image-generator",
        license="apache-2.0",
        fields={"network-architecture": "progressive-gan", "dataset": "fashion-mnist"},
        packages=(fashion.PACKAGE,),
        build=build,
        minutes=10,
        body="""
```python
generate = hub.load("zoo/progressive-gan-fashion/1")
pictures = generate(tf.random.normal([16, 64]))  # [16, 28, 28, 1], values in [0, 1]
```

Grown from 7 × 7 to 28 × 28 pixels on Fashion-MNIST in minutes on two cores: it shows the method, not the
state of the art.
""",
    ),
)
