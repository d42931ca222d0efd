"""Digits in 196 patches of 2 x 2, drawn one after the other by one LSTM, which a convolutional network judges.

Source: our own; the generator of S-LSTM-GAN made light, of which its README says that it fails
    beyond 16 patches.
Command: elegans train patch-lstm-196 --run runs/patch-lstm-196
Minutes: 20
Result: fid 2.9 (real digits .22), class agreement .977, 99 of 100 distinct. 0.10 M images, 86 a second on half of a
    core.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=20,
    batch=32,
    schedule="linear",
    data=Data(name="mnist"),
    model=Model(name="patch_lstm", grid=[14, 14], generator_units=128, features=256, told=True, output="tanh"),
    latent=Latent(size=64),
    gan=Gan(
        update="one-pass",
        spread=0.1,
        generator=Optimiser(lr=2e-3, beta1=0.5, beta2=0.99),
        discriminator=Optimiser(lr=5e-4, beta1=0.5, beta2=0.99),
    ),
    ema=Ema(half_life=20_000),
    every=Every(log=100, sample=500, save=2000),
)
