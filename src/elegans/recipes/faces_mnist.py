"""Digits from the DCGAN of the course "Generate Faces", which tries them before the faces.

Source: the last notebook (May 2017) that was made for Udacity's "Face Generation" in LuLi0077's DL (TensorFlow 1):
    6,840,577 parameters in the generator, 1,031,681 in the discriminator, both with batch norm's statistics; one
    epoch of MNIST.
Command: elegans train faces-mnist --run runs/faces-mnist
Minutes: 27
Result: fid 27 (real digits .22), 100 of 100 distinct. The original's one epoch, 38 images a second on half of a core:
    legible digits, one in four torn.
Mended: the digits are MNIST's own (the original unpacked them into lossy JPEGs), shuffled; dropout and batch norm leave
    training mode when samples are drawn; both players learn from the same fakes, as there, but from one pass; samples
    come from a moving average of the generator.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=5e-4, beta1=0.2)
recipe = Config(
    steps=60_000 // 64,  # the original's one epoch
    batch=64,
    data=Data(name="mnist"),
    model=Model(name="faces", classes=0, dropout=0.1),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(update="one-pass", smoothing=0.1, generator=adam, discriminator=adam),
    ema=Ema(half_life=5_000),
    every=Every(log=20, sample=100, save=100),
)
