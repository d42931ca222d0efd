"""Stacked digits, unconditional: whether a thousand modes are found.

Source: our own; the test of lost modes of Metz et al. 2017 and Lin et al. 2018 (PacGAN, arXiv:1712.04086),
    with the networks of `digits`, wider, and plain batch norm.
Command: elegans train stacked --run runs/stacked --minutes 45
Minutes: 45
Result: All 1,000 modes of 1,000 among 25,600 samples, KL .052 of the shares of modes (PacGAN reports .06 for its
    best, and 79 modes and 4.5 for a plain DCGAN; real images have .012 here), copies .002. 2.92 M images, 1,081 a
    second on one core with other work beside. With rates that fall from the beginning, and 2.65 M images: .061.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=4e-3, beta1=0.0, beta2=0.99)
recipe = Config(
    minutes=45,
    batch=32,
    schedule="cooldown",
    data=Data(name="stacked"),
    model=Model(name="subpixel", classes=0, width=32, discriminator_width=48),
    latent=Latent(size=64),
    gan=Gan(update="one-pass", generator=adam, discriminator=adam),
    ema=Ema(half_life=20_000),
    every=Every(log=500, sample=2000, save=5000),
)
