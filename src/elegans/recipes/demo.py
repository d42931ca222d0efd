"""Class-conditional digits from the 5,000 that come with the package: `digits` without a download.

Source: our own; the networks and settings of `digits`, on fewer images.
Command: elegans train demo --run runs/demo
Minutes: 2
Result: Fréchet distance 6.1, 7.2 and 7.6 (three seeds), class agreement .986, .983 and .987, 100 of 100 distinct; on a
    machine half again as fast, 0.34 M images, where the rates fell by images and not by the clock, 4.2, 4.4 and 4.4,
    .988, .988 and .990 (another classifier; real digits have 2.3 with both, noise 7,794 and 927, see docs/LOG.md).
    0.24 M images, 2,000 a second.
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
