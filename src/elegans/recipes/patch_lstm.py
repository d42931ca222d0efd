"""Digits in four patches of 14 x 14, drawn one after the other by six LSTMs and read by two.

Source: S-LSTM-GAN (TensorFlow 0.12, 2016), 4 steps: 17,596,996 parameters in the generator, 2,242,002 in the
    discriminator.
Command: elegans train patch-lstm --run runs/patch-lstm --minutes 16
Minutes: 16
Result: weak: fid 97 (real digits .22), class agreement .322, 82 of 100 distinct. 0.09 M images, 93 a second on one busy
    core, and still improving when the time was over; the original's more than 2.5 million updates of 128 would take 40
    days. `patch-lstm-28` and `patch-lstm-49` are the better twins.
Mended: it runs, and can be sampled; a generator's update sees 64 images instead of 128; weights begin as Glorot &
    Bengio's and orthogonal ones instead of U(-.01, .01). With the original's rates, 2e-4 and 1e-4 at momentum .9, and
    two updates of the discriminator, all samples of `patch-lstm` became one cloud (docs/LOG.md): both players learn
    from one pass, at rates that follow the losses, and the generator loses by images that are too alike.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=20,
    batch=64,
    data=Data(name="mnist"),
    model=Model(
        name="patch_lstm",
        grid=[2, 2],
        generator_layers=6,
        generator_units=600,
        features=600,
        told=False,
        output="maximum",
        forget_bias=0.0,
        critic="lstm",
        discriminator_layers=2,
        discriminator_units=400,
        dropout=0.5,
    ),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(
        update="one-pass",
        spread=0.2,
        balance=1.0,
        labels="uniform",
        generator=Optimiser(lr=6e-4, beta1=0.5, weight_decay=1e-5, clip=10),
        discriminator=Optimiser(lr=2e-4, beta1=0.5, weight_decay=1e-5, clip=10),
    ),
    ema=Ema(half_life=10_000),
    every=Every(log=50, sample=200, save=1000),
)
