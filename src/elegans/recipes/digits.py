"""The flagship: readable class-conditional digits while you wait.

Source: our own: networks without a layer at full resolution, one pass for both players, no momentum, high rates that
    fall to nothing.
Command: elegans train digits --run runs/digits --minutes 2
Minutes: 2
Result: not measured yet.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=4e-3, beta1=0.0, beta2=0.99)
recipe = Config(
    minutes=2,
    batch=32,
    schedule="linear",
    data=Data(name="mnist"),
    model=Model(name="subpixel", width=16, discriminator_width=16),
    latent=Latent(size=64),
    gan=Gan(update="one-pass", generator=adam, discriminator=adam),
    ema=Ema(half_life=20_000, ramp=0.05),
    every=Every(log=500, sample=1000, save=5000),
)
