"""Digits as functions of the place: trained at 28 pixels, drawn at any size.

Source: our own, after the coordinate GAN of gandlf (see `coordinate-seed`) and hardmaru's "Generating Large Images from
    Latent Vectors" (2016).
Command: elegans train coordinate --run runs/coordinate --minutes 16
Minutes: 16
Result: Fréchet distance 32, class agreement 0.999; real digits have 2 and 0.993, noise 2,486 (96 features of a
    classifier outside the package, see docs/LOG.md). 0.24 M images, 245 a second on one busy core; 100 of 100 distinct.
    100 digits drawn at 280 pixels and averaged down to 28 differ from those drawn at 28 by 7.4 of 255.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=16,
    batch=32,
    data=Data(name="mnist"),
    model=Model(name="coordinate", width=64, layers=2, frequencies=8),
    latent=Latent(size=64),
    gan=Gan(
        update="one-pass",
        generator=Optimiser(lr=6e-4, beta1=0.5, beta2=0.99),
        discriminator=Optimiser(lr=1e-3, beta1=0.5, beta2=0.99),
    ),
    ema=Ema(half_life=10_000),
    every=Every(log=100, sample=500, save=500),
)
