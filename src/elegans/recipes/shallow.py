"""A shallow convolutional GAN with 20 latents: one discriminator step, then two of the generator.

Source: the notebook GAN_MNIST_TensorFlow of "Deep Learning Study Tutorial" (TensorFlow 1, 2019): 89,187 trainable
    parameters in the generator, 219,969 in the discriminator, batch norm everywhere, also on the output.
Command: elegans train shallow --run runs/shallow
Minutes: 32
Result: fid 6.3 (real digits .22), 100 of 100 distinct. The original's 15 epochs: 0.90 M images, 472 a second on one
    busy core.
Mended: the data are shuffled; losses are means (the original divided the last batch's by the number of batches); the
    record is of training, in which sampling leaves the batch norm alone; the rates are 5e-4 and fall
    linearly, where both were 2e-4 (FD 10 in 15 minutes); samples come from a moving average.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    steps=15 * 600,  # the original's 15 epochs
    batch=100,
    schedule="linear",
    data=Data(name="mnist"),
    model=Model(name="shallow", classes=0),
    latent=Latent(size=20),
    gan=Gan(
        generator_steps=2,
        same_latent=True,
        generator=Optimiser(lr=5e-4, beta1=0.5),
        discriminator=Optimiser(lr=5e-4, beta1=0.5),
    ),
    ema=Ema(half_life=50_000),
    every=Every(log=100, sample=300, save=300),
)
