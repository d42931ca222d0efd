"""The convolutional ACGAN without labels: the same networks, no class head.

Source: gandlf's examples/mnist_gan.py (Keras 1, 2017), a port of the Keras ACGAN example: 8,079,361 parameters in the
    generator, 400,385 in the discriminator, Adam 2e-4 with 0.5, both players updated in parallel.
Command: elegans train acgan-unsupervised --run runs/acgan-unsupervised --minutes 14
Minutes: 14
Result: weak: fid 49 (real digits .22), 100 of 100 distinct. Three of five are digits. 0.04 M images, 46 a second on one
    of two busy cores, two thirds of an epoch; the original's 50 would take 18 hours. `shallow` is the better one
    without labels.
Mended: latents are U(-1, 1) where the original's U[0, 1) halves what the product with the label can reach; each network
    has an optimiser of its own; samples come from a moving average of the generator. As it was `acgan` went
    black here (docs/LOG.md): the real labels are .9, and the generator loses by images that are too alike.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=50 * 1875,  # the original's 50 epochs
    batch=32,
    data=Data(name="mnist"),
    model=Model(name="acgan", classes=0),
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
