"""A convolutional autoencoder that is shown noisy digits and asked for the clean ones.

Source: the second half of Udacity's "Convolutional Autoencoder" notebook (TensorFlow 1, 2017), in the version with
    batches of 512 and 10 epochs: 30,689 parameters, Gaussian noise of 0.5 on pixels in [0, 1], clipped.
Command: elegans train denoising-autoencoder --run runs/denoising-autoencoder
Minutes: 13
Result: test loss 0.1258; PSNR 16.8 dB where the noisy images have 9.4. 0.60 M images, 800 a second on one core.
Mended: test loss and PSNR of the noisy and of the denoised images are measured; every image is seen in every epoch.
    Our addition: new digits, drawn from a Gaussian with the mean and covariance of the codes (Ghosh et al. 2020,
    arXiv:1903.12436).
"""

from elegans.config import Autoencoder, Config, Data, Every, Latent, Model, Optimiser

recipe = Config(
    steps=10 * 60_000 // 512,  # the original's 10 epochs
    batch=512,
    method="autoencoder",
    data=Data(name="mnist"),
    model=Model(name="conv_autoencoder", classes=0, widths=[32, 32]),
    latent=Latent(size=256),  # 16 maps of 4 x 4
    autoencoder=Autoencoder(noise=0.5, optimiser=Optimiser(lr=1e-3, beta1=0.9)),
    every=Every(log=25, sample=60, save=250),
)
