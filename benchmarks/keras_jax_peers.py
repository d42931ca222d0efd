"""Keras' contenders on JAX: `python keras_jax_peers.py vanilla|acgan|vae`.

They answer as contenders.py does, with the networks of keras_parts.py. The autoencoder is trained by Keras' own
`fit`, 20 steps an execution (1 is its default, and slower). `fit` knows one optimiser only, so that a GAN's step is
written as Keras' guide to training loops on JAX has it, of states that go in and come out; of `vanilla`, 20 are
compiled into one, as `fit` would.
"""

import json
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
from jax import numpy as jnp
from keras import ops
from keras_parts import NETWORKS, Gan, Vae, data, loss, windows_of_fit

AT_ONCE = 20  # steps an execution


def gan(made: Gan, images: np.ndarray, labels: np.ndarray):
    """Windows of steps of both players, alternating."""
    generator, discriminator, batch, latent, classes = made
    at_once = 1 if classes else AT_ONCE  # those of `acgan` take seconds
    optimise_g, optimise_d = (keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
    optimise_g.build(generator.trainable_variables)
    optimise_d.build(discriminator.trainable_variables)
    images, labels = jnp.asarray(images), jnp.asarray(labels, jnp.int32)

    def generated(weights, others, key, label):
        z = jax.random.uniform(key, (batch, latent), minval=-1, maxval=1)
        return generator.stateless_call(weights, others, [z, label] if classes else z, training=True)

    def of_discriminator(weights, others, real, fake, label):
        on_real, others = discriminator.stateless_call(weights, others, real, training=True)
        on_fake, others = discriminator.stateless_call(weights, others, fake, training=True)
        value = loss(on_real, jnp.ones((batch, 1)), label) + loss(on_fake, jnp.zeros((batch, 1)), label)
        return value, others

    def of_generator(weights, others, of_d, others_d, key, label):
        fake, others = generated(weights, others, key, label)
        verdict, others_d = discriminator.stateless_call(of_d, others_d, fake, training=True)
        return loss(verdict, jnp.ones((batch, 1)), label), (others, others_d)

    def step(state):
        g, others_g, moments_g, d, others_d, moments_d, key, sums = state
        key, at, first, second = jax.random.split(key, 4)
        at = jax.random.randint(at, (batch,), 0, len(images))
        real, label = images[at], labels[at]
        fake, others_g = generated(g, others_g, first, label)
        gradient = jax.value_and_grad(of_discriminator, has_aux=True)
        (value_d, others_d), slope = gradient(d, others_d, real, fake, label)
        d, moments_d = optimise_d.stateless_apply(moments_d, slope, d)
        gradient = jax.value_and_grad(of_generator, has_aux=True)
        (value_g, (others_g, others_d)), slope = gradient(g, others_g, d, others_d, second, label)
        g, moments_g = optimise_g.stateless_apply(moments_g, slope, g)
        return g, others_g, moments_g, d, others_d, moments_d, key, sums + jnp.stack([value_d, value_g])

    def steps(state):
        for _ in range(at_once):
            state = step(state)
        return state

    def values(of):
        return [variable.value for variable in of]

    state = (
        *(values(v) for v in (generator.trainable_variables, generator.non_trainable_variables, optimise_g.variables)),
        *(values(v) for v in (discriminator.trainable_variables, discriminator.non_trainable_variables)),
        values(optimise_d.variables),
        jax.random.key(0),
        jnp.zeros(2),
    )
    compiled = jax.jit(steps, donate_argnums=0)

    def window(seconds):
        nonlocal state
        done, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds or not done:
            state = jax.block_until_ready(compiled(state))
            done += at_once
        return {"images": done * batch, "seconds": spent}

    return window


class Autoencoder(keras.Model):
    def __init__(self, made: Vae):
        super().__init__()
        self.encoder, self.decoder = made.encoder, made.decoder
        self.seed = keras.random.SeedGenerator(0)
        self.entropy, self.divergence = keras.metrics.Mean(name="entropy"), keras.metrics.Mean(name="divergence")

    def call(self, images):
        mean, log_variance = self.encoder(images)
        unit = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean, log_variance, self.decoder(mean + ops.exp(log_variance / 2) * unit)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mean, log_variance, logits = y_pred
        target = (ops.reshape(x, (-1, 784)) + 1) / 2
        entropy = ops.sum(ops.relu(logits) - target * logits + ops.log1p(ops.exp(-ops.abs(logits))), 1)
        divergence = ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, 1) / 2
        self.entropy.update_state(entropy)
        self.divergence.update_state(divergence)
        return ops.mean(entropy + divergence)


def autoencoder(made: Vae, images: np.ndarray):
    """Windows of `fit`."""
    model = Autoencoder(made)
    model.compile(optimizer=keras.optimizers.RMSprop(1e-3), jit_compile=True, steps_per_execution=AT_ONCE)
    return windows_of_fit(model, made.batch, images)


def main():
    made = NETWORKS[sys.argv[1]]()
    images, labels = data(sys.argv[1])
    window = gan(made, images, labels) if isinstance(made, Gan) else autoencoder(made, images)
    window(0.0)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(window(float(line))), flush=True)


if __name__ == "__main__":
    main()
