"""The convolutional ACGAN of gandlf and the first Keras example, supervised: pick a digit.

Source: gandlf's examples/mnist_gan.py (Keras 1, 2017), a port of the Keras ACGAN example: 8,079,461 parameters in the
    generator, 525,835 in the discriminator, Adam 2e-4 with 0.5, both players updated in parallel.
Command: elegans train acgan --run runs/acgan --minutes 25
Minutes: 25
Result: weak: fid 55 (real digits .22), class agreement .499, 100 of 100 distinct. 0.034 M images, 23 a second on a slow
    core, half an epoch; the original's 50 would take 36 hours. `acgan-light` is the better twin.
Mended: latents are U(-1, 1) where the original's U[0, 1) halves what the product with the label can reach; each network
    has an optimiser of its own; samples come from a moving average of the generator. As it was it went black
    here after 200 steps (docs/LOG.md): the real labels are .9, and the generator loses by images that are too alike.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=50 * 1875,  # the original's 50 epochs
    batch=32,
    data=Data(name="mnist"),
    model=Model(name="acgan"),
    latent=Latent(size=10, distribution="uniform"),
    gan=Gan(
        update="one-pass",
        smoothing=0.1,
        spread=0.2,
        generator=Optimiser(lr=2e-4, beta1=0.5),
        discriminator=Optimiser(lr=2e-4, beta1=0.5),
    ),
    ema=Ema(half_life=10_000),
    every=Every(log=50, sample=100, save=100),
)
