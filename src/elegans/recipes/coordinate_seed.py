"""The coordinate GAN of gandlf as it stood: three tanh layers draw one pixel, three others judge it.

A discriminator that sees one pixel can at best teach its distribution, for each place and class: the generator learns
the marginals of single pixels and has no way to make neighbours agree, so this network cannot learn digits, however
long it trains. It is here for what it was; `coordinate` is the one that works.

Source: `examples/mnist_upsample.py` of gandlf, 2017, at the commit of its README: 9,355 parameters in the generator,
    9,445 in the discriminator, weights and biases from U(-4, 4), latents from U[0, 1), 32 pixels a step.
Command: elegans train coordinate-seed --run runs/coordinate-seed --minutes 5
Minutes: 5
Result: fid 268 (real digits .22), class agreement .105, which is chance, 36 of 100 distinct. 68,608 images, 229 a
    second on half of a core; the original's 10 epochs would take 44 minutes. The discriminator judges one pixel, so
    that no digit can come of it; `coordinate` is the one that works.
Mended: the generated pixel takes the place of the real one (it was wired to the discriminator's x, and the real pixel
    stood beside it); r is the square root of x² + y², not of xy. Where the original draws 32 rows of place, pixel and
    latent, 32 whole images are made here and one pixel of each, drawn at random, is judged.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=1e-3, beta1=0.9)
recipe = Config(
    steps=10 * 1_470_000,  # the original's 10 epochs of 47,040,000 pixels
    batch=32,
    data=Data(name="mnist"),
    model=Model(name="coordinate-seed"),
    latent=Latent(size=10, distribution="unit"),
    gan=Gan(update="one-pass", generator=adam, discriminator=adam),
    ema=Ema(half_life=0),
    every=Every(log=100, sample=500, save=1000),
)
