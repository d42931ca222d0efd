"""Keras' contenders: `KERAS_BACKEND=tensorflow python keras_peers.py vanilla|acgan|vae [xla] [fit] [IMAGES.npz]`.

They answer as contenders.py does, with the networks of keras_parts.py. The steps are written as Keras' own examples
write them, as a `train_step` with gradient tapes that keeps the means of its losses, compiled into a graph, or by XLA.
It is called by hand, with nothing around it; with `fit`, as those examples go on, by Keras' own training loop, 20 steps
an execution (1 is its default, and slower). Images are those of keras_parts.py unless a file has others; a line
`sample FILE` asks for 5,000 of a generator.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras_parts import NETWORKS, Gan, data, loss, windows_of_fit

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)


def gan(made):
    """A step of both players, alternating, as in Keras' example of a conditional GAN."""
    generator, discriminator, batch, latent, classes = made
    optimise_g, optimise_d = (keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
    optimise_g.build(generator.trainable_variables)
    optimise_d.build(discriminator.trainable_variables)
    loss_g, loss_d = keras.metrics.Mean(), keras.metrics.Mean()

    def generated(label):
        z = tf.random.uniform((batch, latent), -1, 1)
        return generator([z, label] if classes else z, training=True)

    def step(real, label):
        ones, zeros = tf.ones((batch, 1)), tf.zeros((batch, 1))
        fake = generated(label)
        with tf.GradientTape() as tape:
            value = loss(discriminator(real, training=True), ones, label)
            value += loss(discriminator(fake, training=True), zeros, label)
        loss_d.update_state(value)
        weights = discriminator.trainable_weights
        optimise_d.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        with tf.GradientTape() as tape:
            value = loss(discriminator(generated(label), training=True), ones, label)
        loss_g.update_state(value)
        weights = generator.trainable_weights
        optimise_g.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))

    def sample(n):
        """As bytes [n, h, w, c], and what they were asked for."""
        label, z = np.arange(n) % 10, tf.random.uniform((n, latent), -1, 1)
        images = generator.predict([z, label] if classes else z, verbose=0)
        known = {"labels": label} if classes else {}
        return {"images": np.round(images * 127.5 + 127.5).astype(np.uint8)} | known

    step.means = loss_g, loss_d
    return step, batch, sample


def autoencoder(made):
    """A step, as in Keras' example of a variational autoencoder."""
    encoder, decoder, batch = made
    optimise = keras.optimizers.RMSprop(1e-3)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimise.build(variables)
    means = [keras.metrics.Mean() for _ in range(3)]

    def step(real, label):
        with tf.GradientTape() as tape:
            mean, log_variance = encoder(real, training=True)
            code = mean + tf.exp(log_variance / 2) * tf.random.normal((batch, 2))
            logits = decoder(code, training=True)
            target = (tf.reshape(real, (batch, 784)) + 1) / 2
            entropy = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(target, logits), 1)
            divergence = tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, 1) / 2
            value = tf.reduce_mean(entropy + divergence)
        for mean_of, what in zip(means, (value, entropy, divergence), strict=True):
            mean_of.update_state(what)
        optimise.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    step.means = means
    return step, batch


def fit(step, batch, images, labels, xla, seconds_a_step):
    """Windows of Keras' own loop."""

    class Trained(keras.Model):
        def train_step(self, data):
            step(*data)
            return {f"loss_{i}": mean.result() for i, mean in enumerate(step.means)}

    trained = Trained()
    trained.compile(jit_compile=xla, steps_per_execution=20 if seconds_a_step < 0.1 else 1)
    window = windows_of_fit(trained, batch, images, labels)
    window(0.0)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(window(float(line))), flush=True)


def main():
    name, *how = sys.argv[1:]
    networks = NETWORKS[name]()
    made, batch, *sample = gan(networks) if isinstance(networks, Gan) else autoencoder(networks)
    step = tf.function(made, jit_compile="xla" in how)
    images, labels = data(name)
    for file in (word for word in how if word.endswith(".npz")):
        with np.load(file) as known:
            images = known["images"].transpose(0, 2, 3, 1).astype(np.float32) / 127.5 - 1
            labels = known["labels"]
    count, images, labels = len(images), tf.constant(images), tf.constant(labels, tf.int32)

    def one():
        at = tf.random.uniform((batch,), 0, count, tf.int32)
        step(tf.gather(images, at), tf.gather(labels, at))

    for _ in range(3):
        began = time.perf_counter()
        one()
    if "fit" in how:
        fit(made, batch, images.numpy(), labels.numpy(), "xla" in how, time.perf_counter() - began)
        return
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        if line.startswith("sample "):
            np.savez(line.split()[1], **sample[0](5000))
            print(json.dumps("sampled"), flush=True)
            continue
        steps, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < float(line) or steps < 2:
            one()
            steps += 1
        print(json.dumps({"images": steps * batch, "seconds": spent}), flush=True)


if __name__ == "__main__":
    main()
