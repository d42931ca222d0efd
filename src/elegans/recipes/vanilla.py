"""The MLP GAN everybody starts with: 256 - 512 - 1024 hidden units against 1024 - 512 - 256.

Source: the VanillaGAN of the Programming Club IIT Kanpur's model zoo (TensorFlow 2, 2020): 1,493,520 parameters in the
    generator, 1,460,225 in the discriminator, batches drawn with replacement.
Command: elegans train vanilla --run runs/vanilla --minutes 15
Minutes: 15
Result: fid 8.3 (real digits .22), 100 of 100 distinct. 1.71 M images, 1,898 a second on one busy core; the original's
    50 epochs would take 26 minutes.
Mended: both players train with the rates that are asked for (the original's generator had Adam's defaults, 1e-3 and
    0.9, whatever its flags said; 1e-3 with 0.5 is kept here, and 4e-4 instead of 2e-4 for the discriminator); one pass
    serves both players; samples come from a moving average of the generator.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Model, Optimiser

recipe = Config(
    steps=50 * 468,  # the original's 50 epochs
    batch=128,
    data=Data(name="mnist", order="random"),
    model=Model(
        name="mlp",
        classes=0,
        generator=[256, 512, 1024],
        discriminator=[1024, 512, 256],
        batch_norm=True,
        dropout=0.3,
    ),
    gan=Gan(update="one-pass", generator=Optimiser(lr=1e-3, beta1=0.5), discriminator=Optimiser(lr=4e-4, beta1=0.5)),
    ema=Ema(half_life=88_000),
    every=Every(log=117, sample=468, save=468),
)
