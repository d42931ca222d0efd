"""The first GAN of a course: one hidden layer of 128 units on each side.

Source: Udacity's "Intro to GANs" notebook (TensorFlow 1, 2017): 114,064 parameters in the generator, 100,609 in the
    discriminator, real labels smoothed to 0.9, both players updated on the same latents.
Command: elegans train intro --run runs/intro --minutes 15
Minutes: 15
Result: fid 46 (real digits .22), 100 of 100 distinct. 17.98 M images, 19,970 a second on one of two cores: more than
    the original's 100 epochs.
Mended: Adam with 1e-3 and 0.5 where the original has 2e-3 and 0.9, with which a few shapes took turns here for 9,300
    steps (docs/LOG.md); both players are updated at once; losses are means over an interval, not those of one batch;
    the discriminator and both optimisers are saved, so that a run resumes; all 60,000 images are seen, not 55,000;
    samples come from a moving average of the generator, which loses by images that are too alike.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=100 * 600,  # the original's 100 epochs
    batch=100,
    data=Data(name="mnist"),
    model=Model(name="mlp", classes=0, generator=[128], discriminator=[128], slope=0.01),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(
        update="one-pass",  # on the same latents, as the original
        smoothing=0.1,
        spread=0.2,
        generator=Optimiser(lr=1e-3, beta1=0.5),
        discriminator=Optimiser(lr=1e-3, beta1=0.5),
    ),
    ema=Ema(half_life=100_000),
    every=Every(log=600, sample=1200, save=2400),
)
