"""What Keras' contenders share, whichever backend they run on: the networks of `vanilla`, `acgan` and `vae`, layer by
layer, what a verdict costs, images, and windows of Keras' own training loop."""

import gzip
import time
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

IMAGES = 4096
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
classes_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Gan(NamedTuple):
    """Its networks, and what a step has to know: images a batch, latent dimensions, whether there are classes."""

    generator: keras.Model
    discriminator: keras.Model
    batch: int
    latent: int
    classes: bool


class Vae(NamedTuple):
    """Its networks, and images a batch."""

    encoder: keras.Model
    decoder: keras.Model
    batch: int


def vanilla() -> Gan:
    generator = keras.Sequential([keras.Input((100,))])
    for width in (256, 512, 1024):
        generator.add(layers.Dense(width))
        generator.add(layers.LeakyReLU(negative_slope=0.2))
        generator.add(layers.BatchNormalization(momentum=0.8))
    generator.add(layers.Dense(784, activation="tanh"))
    generator.add(layers.Reshape((28, 28, 1)))
    discriminator = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten()])
    for width in (1024, 512, 256):
        discriminator.add(layers.Dense(width))
        discriminator.add(layers.LeakyReLU(negative_slope=0.2))
        discriminator.add(layers.Dropout(0.3))
    discriminator.add(layers.Dense(1))
    return Gan(generator, discriminator, 128, 100, False)


def acgan() -> Gan:
    latent, label = keras.Input((10,)), keras.Input((), dtype="int32")
    x = latent * layers.Embedding(10, 10)(label)
    x = layers.Dense(1024, activation="relu")(x)
    x = layers.Dense(128 * 7 * 7, activation="relu")(x)
    x = layers.Reshape((7, 7, 128))(x)
    for width in (256, 128):
        x = layers.UpSampling2D()(x)
        x = layers.Conv2D(width, 5, padding="same", activation="relu")(x)
    generator = keras.Model([latent, label], layers.Conv2D(1, 2, padding="same", activation="tanh")(x))
    image = keras.Input((28, 28, 1))
    x = image
    for width, stride in ((32, 2), (64, 1), (128, 2), (256, 1)):
        x = layers.Conv2D(width, 3, padding="same", strides=stride)(x)
        x = layers.LeakyReLU(negative_slope=0.3)(x)
        x = layers.Dropout(0.3)(x)
    x = layers.Flatten()(x)
    discriminator = keras.Model(image, [layers.Dense(1)(x), layers.Dense(10)(x)])
    return Gan(generator, discriminator, 32, 10, True)


def vae() -> Vae:
    image = keras.Input((28, 28, 1))
    hidden = layers.Dense(256, activation="relu")(layers.Flatten()(image))
    encoder = keras.Model(image, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(256, activation="relu"), layers.Dense(784)])
    return Vae(encoder, decoder, 100)


NETWORKS = {"vanilla": vanilla, "acgan": acgan, "vae": vae}


def loss(verdict, target, label):
    """Of a discriminator without classes a score each; else their logits, too."""
    if not isinstance(verdict, list | tuple):
        return cross_entropy(target, verdict)
    return cross_entropy(target, verdict[0]) + classes_entropy(label, verdict[1])


class Epoch(keras.callbacks.Callback):
    """The time of it, without what `fit` does before."""

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.spent = time.perf_counter() - self.began


def windows_of_fit(model: keras.Model, batch: int, *arrays: np.ndarray):
    """A function of seconds: one epoch of `fit` that takes about as long, by the pace of the one before."""
    epoch, pace, at_once = Epoch(), 0.0, model.steps_per_execution

    def window(seconds):
        nonlocal pace
        steps = max(round(seconds / pace / at_once) if pace else 0, 2) * at_once
        some = np.arange(steps * batch) % len(arrays[0])
        model.fit(*(array[some] for array in arrays), batch_size=batch, verbose=0, callbacks=[epoch])
        pace = epoch.spent / steps
        return {"images": steps * batch, "seconds": epoch.spent}

    return window


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, h, w, c] in [-1, 1] and labels as Elegans' own contenders have them: the first of the digits that come
    with it for the autoencoder, else noise, for what is in them costs nothing."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 10, IMAGES)
    if name != "vae":
        return draw.random((IMAGES, 28, 28, 1), np.float32) * 2 - 1, labels
    file = Path(__file__).parents[1] / "src/elegans/data/mnist5k-images-idx3-ubyte.gz"
    digits = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16)
    return digits.reshape(-1, 28, 28, 1)[:IMAGES].astype(np.float32) / 127.5 - 1, labels
