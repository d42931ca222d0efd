"""Faces at 28 pixels from the DCGAN of the course "Generate Faces": four transposed convolutions against three.

Source: the last notebook (May 2017) that was made for Udacity's "Face Generation" in LuLi0077's DL (TensorFlow 1):
    6,843,779 parameters in the generator, 1,034,881 in the discriminator, both with batch norm's statistics; one
    epoch of CelebA.
Command: elegans train faces --run runs/faces --minutes 15
Minutes: 15
Result: nearly all samples are faces, soft ones; the nearest training image is 30.4 of 255 away (root mean square),
    where training images have 35.8 among themselves. Fréchet distance 6.2 by the extractor of photographs in the
    package, where real ones have 0.01; recall .11. 0.04 M images, a fifth of the original's epoch, 46 a second on half
    of a core; the whole would take 73 minutes.
Mended: dropout and batch norm leave training mode when samples are drawn; pictures are shuffled, and none are dropped
    at the end; both players learn from the same fakes, as there, but from one pass; samples come from a moving average
    of the generator. 12,000 faces of UTKFace stand in for CelebA; both are for non-commercial research only.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

adam = Optimiser(lr=5e-4, beta1=0.2)
recipe = Config(
    steps=202_599 // 64,  # the original's epoch of CelebA
    batch=64,
    data=Data(name="faces", size=28),
    model=Model(name="faces", classes=0, dropout=0.1),
    latent=Latent(size=100, distribution="uniform"),
    gan=Gan(update="one-pass", smoothing=0.1, generator=adam, discriminator=adam),
    ema=Ema(half_life=5_000),
    every=Every(log=20, sample=100, save=100),
)
