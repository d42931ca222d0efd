"""Class-conditional digits from the 5,000 that come with the package: `digits` without a download.

Source: our own; the networks and settings of `digits`, on fewer images.
Command: elegans train demo --run runs/demo
Minutes: 2
Result: fid .68 (real digits .18), class agreement .993, 100 of 100 distinct (three seeds). 0.35 M images, 2,900 a
    second on one of two cores with other work beside. By a light classifier outside the package (5,000 real training
    digits have 1.9, noise 967, see docs/LOG.md) 4.4, 3.8 and 3.9, agreement .989, .990 and .990.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=4e-3, beta1=0.0, beta2=0.99)
recipe = Config(
    minutes=2,
    batch=32,
    schedule="linear",
    data=Data(name="mnist5k"),
    model=Model(name="subpixel", width=16, discriminator_width=16, modulated=True),
    latent=Latent(size=64),
    gan=Gan(update="one-pass", generator=adam, discriminator=adam),
    ema=Ema(half_life=10_000, ramp=0.05),
    every=Every(log=200, sample=500, save=2000),
)
