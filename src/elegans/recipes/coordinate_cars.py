"""Cars as functions of the place: CIFAR-10's automobiles in colour, drawn at any size.

Source: our own; the network of `coordinate` with more frequencies, without labels, on mirrored images.
Command: elegans train coordinate-cars --run runs/coordinate-cars --minutes 25
Minutes: 25
Result: about three of four samples are recognisable as cars, of all colours and from several sides. Fréchet distance 24
    by the extractor of photographs in the package, where real ones have .46; recall .42, and no copies. 0.33 M images
    (67 epochs), 222 a second on one of two busy cores. With rates that fall from the beginning and half of the images
    mirrored, 0.27 M images: 38 and .31.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=25,
    batch=32,
    schedule="cooldown",
    data=Data(name="cifar10", only="automobile"),
    model=Model(name="coordinate", classes=0, width=64, layers=2, frequencies=12, discriminator_width=48),
    latent=Latent(size=64),
    gan=Gan(
        update="one-pass",
        augment=["flip", "shift"],
        spread=0.1,
        generator=Optimiser(lr=3e-4, beta1=0.5, beta2=0.99),
        discriminator=Optimiser(lr=4e-4, beta1=0.5, beta2=0.99),
    ),
    ema=Ema(half_life=10_000),
    every=Every(log=100, sample=500, save=500),
)
