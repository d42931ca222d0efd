"""The GAN that learnt Arrival's circular script from 38 pictures: all tanh, plain gradient descent, 128 pixels.

Source: Logograms-GAN (platers, Keras 1, 2017), through two of its copies: 8,739,457 parameters in the generator, of
    which 16,384 are batch norm's statistics, 6,629,633 in the discriminator, batches of 10 from 38 pictures.
Command: elegans train logograms --run runs/logograms --minutes 14
Minutes: 14
Result: weak: arcs and drops of ink on a circle, hardly a whole ring; none is a copy (the nearest training image is
    65.3 of 255 away, root mean square, where training images have 61.1 among themselves). 5,340 images, a third of the
    original's 400 epochs of 38, 6 a second on half of a core; all would take 40 minutes. `logograms-light` is the
    better twin.
Mended: all 38 pictures are used (the last 8 never were) and shuffled; the walk between two latents, whose ends the
    original computed and never used, is `elegans interpolate`; one pass serves both players; samples come from a moving
    average of the generator. The discriminator's rate is 2.5e-4 on the sum of its two losses: the original's 5e-4 on
    their mean.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=400 * 38 // 10,  # the original's 400 epochs
    batch=10,
    data=Data(name="logograms", size=128),
    model=Model(name="logogram", classes=0),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(
        update="one-pass",
        generator=Optimiser(kind="sgd", lr=5e-4, beta1=0.9),
        discriminator=Optimiser(kind="sgd", lr=2.5e-4, beta1=0.9),
    ),
    ema=Ema(half_life=500),
    every=Every(log=20, sample=76, save=152),
)
