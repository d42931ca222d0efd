"""A convolutional autoencoder: three convolutions to 8 maps of 4 x 4 and four back.

Source: Udacity's "Convolutional Autoencoder" notebook (TensorFlow 1, 2017), in the version with batches of 256 and 10
    epochs: 4,385 parameters, max pooling on the way in, nearest-neighbour upsampling on the way out, Adam with 1e-3.
Command: elegans train conv-autoencoder --run runs/conv-autoencoder
Minutes: 3
Result: test loss 0.1022, 0.1043 and 0.1056 (three seeds), PSNR 18.3 to 18.7 dB; 0.60 M images, 3,333 to 3,429 a second
    on one core.
Mended: measured on the test images; every image is seen in every epoch; the encoder can be used by itself. Our
    addition: new digits, drawn from a Gaussian with the mean and covariance of the codes (Ghosh et al. 2020,
    arXiv:1903.12436).
"""

from elegans.config import Autoencoder, Config, Data, Every, Latent, Model, Optimiser

recipe = Config(
    steps=10 * 60_000 // 256,  # the original's 10 epochs
    batch=256,
    method="autoencoder",
    data=Data(name="mnist"),
    model=Model(name="conv_autoencoder", classes=0, widths=[16, 8]),
    latent=Latent(size=128),  # 8 maps of 4 x 4
    autoencoder=Autoencoder(optimiser=Optimiser(lr=1e-3, beta1=0.9)),
    every=Every(log=50, sample=125, save=500),
)
