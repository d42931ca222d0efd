"""Rings of ink at 128 pixels from a light convolutional pair.

Source: our own, after DCGAN (Radford et al. 2016) and spectral norm (Miyato et al. 2018). The pictures are drawn, so
    that what comes out is free; `--data.name logograms --gan.augment turn,flip` trains the same on the 38 of the film.
Command: elegans train logograms-light --run runs/logograms-light
Minutes: 15
Result: rings of ink with gaps, heavy sides and tendrils all around, some of them rough; none is a copy: the nearest
    drawn ring is 59.5 of 255 away (root mean square, median), where drawn ones have 56.7 to another. Fréchet distance
    2.9 by the extractor of photographs in the package, where drawn ones have .01; recall .72. 74,624 images, 83 a
    second on one of two busy cores. Turned and mirrored before they were judged, smooth, but most with their heavy side
    and gap to the right: 3.2 and .49.
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
