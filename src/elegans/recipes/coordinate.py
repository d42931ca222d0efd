"""Digits as functions of the place: trained at 28 pixels, drawn at any size.

Source: our own, after the coordinate GAN of gandlf (see `coordinate-seed`) and hardmaru's "Generating Large Images from
    Latent Vectors" (2016).
Command: elegans train coordinate --run runs/coordinate
Minutes: 30
Result: fid 2.1 (real digits .22), class agreement .997, 100 of 100 distinct. 0.46 M images, 254 a second on one busy
    core. 100 digits drawn at 280 pixels and averaged down to 28 differ from those drawn at 28 by 7.9 of 255.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=30,
    batch=32,
    schedule="linear",
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
