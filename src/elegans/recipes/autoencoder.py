"""The simplest autoencoder: 784 pixels through 32 rectified units and back.

Source: Udacity's "Simple Autoencoder" notebook (TensorFlow 1, 2017), in the version with batches of 256: 50,992
    parameters, Adam with 1e-3, 20 epochs.
Command: elegans train autoencoder --run runs/autoencoder
Minutes: 2
Result: test loss 0.0923, PSNR 20.1 dB; 1.20 M images, 16,190 a second on one busy core.
Mended: the losses are recorded (the original's line that prints them is commented out) and measured on the test
    images, which its text promises and its code does not do; every image is seen in every epoch, where the last 96
    were dropped; the encoder can be used by itself. Our addition: new digits, drawn from a Gaussian with the mean and
    covariance of the codes (Ghosh et al. 2020, arXiv:1903.12436), as an autoencoder has no distribution of its own.
"""

from elegans.config import Autoencoder, Config, Data, Every, Latent, Model, Optimiser

recipe = Config(
    steps=20 * 60_000 // 256,  # the original's 20 epochs
    batch=256,
    method="autoencoder",
    data=Data(name="mnist"),
    model=Model(name="dense_autoencoder", classes=0),
    latent=Latent(size=32),
    autoencoder=Autoencoder(optimiser=Optimiser(lr=1e-3, beta1=0.9)),
    every=Every(log=100, sample=250, save=1000),
)
