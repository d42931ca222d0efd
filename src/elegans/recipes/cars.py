"""Cars of CIFAR-10 from Chollet's layers: 256 channels at 16 pixels against four unpadded convolutions.

Source: the notebook GAN_Keras of "Deep Learning Study Tutorial" (2019), after listing 8.5 of F. Chollet, "Deep Learning
    with Python" (2017): 6,264,579 parameters in the generator, 790,913 in the discriminator, no normalisation, batches
    of 20 drawn with replacement, 20,000 steps on a GPU.
Command: elegans train cars --run runs/cars --minutes 12
Minutes: 12
Result: weak: bands of red, white and black, no cars yet. 5,900 images, a little more than one epoch, 8 a second on
    half of a core, where the original saw 400,000 on a GPU, which would take 14 hours. `cars-light` is the better
    twin.
Mended: one pass serves both players, and the discriminator is updated once on real and generated pictures together
    where the original updated it on each; losses are means since the last record, not since step 0; samples come from a
    moving average of the generator.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=20_000,
    batch=20,
    data=Data(name="cifar10", only="automobile", order="random"),
    model=Model(name="cars", classes=0, dropout=0.4),
    latent=Latent(size=32),
    gan=Gan(update="one-pass", generator=Optimiser(lr=2e-4, beta1=0.5), discriminator=Optimiser(lr=1e-4, beta1=0.5)),
    ema=Ema(half_life=2_000),
    every=Every(log=20, sample=100, save=100),
)
