"""Rings of ink at 128 pixels from a light convolutional pair.

Source: our own, after DCGAN (Radford et al. 2016) and spectral norm (Miyato et al. 2018). The pictures are drawn, so
    that what comes out is free; `--data.name logograms --gan.augment turn,flip` trains the same on the 38 of the film.
Command: elegans train logograms-light --run runs/logograms-light
Minutes: 15
Result: rings of ink, smooth, with gaps and tendrils; most have their heavy side and their gap to the right, where the
    drawn ones have them all around; none is a copy: the nearest drawn ring is 61.2 of 255 away (root mean square,
    median), where drawn ones have 59.2 to another. Fréchet distance 3.2 by the extractor of photographs in the package,
    where drawn ones have 0.02; recall .49. 78,528 images, 87 a second on one of two busy cores. With rates that fall
    from the beginning, 28,848 images on half of a core: 6.7 and .58, rougher rings, some broken.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=15,
    batch=16,
    schedule="cooldown",
    data=Data(name="rings", size=128, n=5000),
    model=Model(name="sngan", classes=0, width=8, discriminator_width=16, modulated=True),
    latent=Latent(size=64),
    gan=Gan(
        update="one-pass",
        spread=0.2,
        generator=Optimiser(lr=3e-4, beta1=0.5, beta2=0.99),
        discriminator=Optimiser(lr=4e-4, beta1=0.5, beta2=0.99),
    ),
    ema=Ema(half_life=5_000),
    every=Every(log=50, sample=200, save=500),
)
