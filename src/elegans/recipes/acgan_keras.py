"""The networks of Keras' later ACGAN example: transposed convolutions, a third of the weights.

Source: keras-team/keras, examples/mnist_acgan.py after November 2017: 2,656,745 parameters in the generator; real
    labels .9, no class loss on generated images, which was the cure for generators that went black, twice on real ones.
Command: elegans train acgan-keras --run runs/acgan-keras --minutes 25
Minutes: 25
Result: fid 43 (real digits .22), class agreement .919, 100 of 100 distinct. 0.15 M images, 101 a second on one busy
    core, where the original saw 3 M, which would take 8 hours: digits of every class, some torn; `acgan-light` is the
    better twin.
Mended: both players learn from one pass, each on as many images as the other; labels are smoothed on the real side only
    (Salimans et al. 2016, section 3.4); samples come from a moving average of the generator.
"""

from elegans.config import Auxiliary, Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=50 * 600,  # the original's 50 epochs
    batch=100,
    data=Data(name="mnist"),
    model=Model(name="acgan", transposed=True, slope=0.2),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(
        update="one-pass",
        labels="uniform",
        smoothing=0.1,
        auxiliary=Auxiliary(real=2.0),
        generator=Optimiser(lr=2e-4, beta1=0.5),
        discriminator=Optimiser(lr=2e-4, beta1=0.5),
    ),
    ema=Ema(half_life=10_000),
    every=Every(log=50, sample=100, save=100),
)
