"""A variational autoencoder with two latents, so that all it has learnt fits into one picture.

Source: the notebook demo_generate_images of "How to Generate Images" (2017), which is Keras' example
    variational_autoencoder: 404,244 parameters, RMSprop with 1e-3, batches of 100, 5 epochs.
Command: elegans train vae --run runs/vae
Minutes: 2
Result: test loss 162.8, of which divergence 5.3; the original's logs end at 162.5 and 161.2. 0.30 M images, 2,882 a
    second on one busy core.
Mended: any batch size, where the original's graph has 100 built in; reconstruction and divergence are recorded apart.
"""

from elegans.config import Autoencoder, Config, Data, Every, Latent, Model, Optimiser

recipe = Config(
    steps=5 * 600,  # the original's 5 epochs
    batch=100,
    method="autoencoder",
    data=Data(name="mnist"),
    model=Model(name="dense_autoencoder", classes=0, widths=[256], variational=True),
    latent=Latent(size=2),
    autoencoder=Autoencoder(optimiser=Optimiser(kind="rmsprop", lr=1e-3, beta2=0.9)),
    every=Every(log=100, sample=150, save=600),
)
