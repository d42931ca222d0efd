"""The MLP GAN everybody starts with: 100 - 256 - 512 - 1024 - 784 against 784 - 1024 - 512 - 256 - 1."""

from elegans.config import Adam, Config, Data, Every, Gan, Model

recipe = Config(
    steps=50 * 468,
    batch=128,
    data=Data(name="mnist", order="random"),
    model=Model(name="mlp", classes=0, generator=[256, 512, 1024], discriminator=[1024, 512, 256], batch_norm=True, dropout=0.3),
    gan=Gan(update="one-pass", generator=Adam(lr=2e-4, beta1=0.5), discriminator=Adam(lr=2e-4, beta1=0.5)),
    every=Every(sample=468, save=468),
)
