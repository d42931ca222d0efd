"""The ACGAN of two perceptrons, gandlf's `--lite`: dropout that stays on, and labels multiplied into the latent.

Source: gandlf's examples/mnist_gan.py --lite (Keras 1, 2017): 670,620 values in the generator (20 of them statistics),
    670,219 in the discriminator, both players updated in parallel.
Command: elegans train acgan-lite --run runs/acgan-lite
Minutes: 14
Result: fid 23 (real digits .22), class agreement .939, 71 of 100 distinct. 3.0 M images, the original's 50 epochs,
    3,490 a second on one busy core. Weak, as ten latents multiplied by a label are: where they are small there is no
    digit. `acgan-lite-64` is the better twin.
Mended: one latent gives one image, because sampling keeps one dropout mask (`--model.fresh true` draws it anew, as the
    original, whose films flicker for it); latents are N(0, 1), not U[0, 1); batches of 128 and rates of 1e-3 and 4e-4
    where the original has 32 and 2e-4 (docs/LOG.md); each network has an optimiser of its own; samples come from a
    moving average of the generator.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=50 * 469,  # the original's 50 epochs
    batch=128,
    data=Data(name="mnist"),
    model=Model(name="acgan-lite"),
    latent=Latent(size=10),
    gan=Gan(
        update="one-pass",
        generator=Optimiser(lr=1e-3, beta1=0.5),
        discriminator=Optimiser(lr=4e-4, beta1=0.5),
    ),
    ema=Ema(half_life=50_000),
    every=Every(log=100, sample=469, save=469),
)
