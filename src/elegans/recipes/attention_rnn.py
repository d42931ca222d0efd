"""Digits drawn row by row by an LSTM and read by another, both with recurrent attention to the class.

Source: mnist_rnn_gan.py of gandlf (Keras 1, 2017), never shown trained: LSTMs of 128 units, 120,860 parameters in the
    generator, 80,513 in the discriminator; attention to the class adds 41,856 to each, to rows of an image 7,324.
Command: elegans train attention-rnn --run runs/attention-rnn --minutes 15
Minutes: 15
Result: fid 2.2 (real digits .22), class agreement .991, 100 of 100 distinct. 0.61 M images, 673 a second on one of two
    busy cores; the original's 10 epochs are these 15 minutes. With rates that fall from the beginning, 0.34 M images on
    half of a core: 18 and .899.
Mended: the LSTM under attention is trained (the original's had no gradient), and so is the class embedding; attention
    to rows is a softmax over rows (it ran over an axis of length 1), of an image that is there when one samples, too; a
    run with attention can be saved. Latents are normal, and the discriminator learns at 6e-4. In trials of four minutes
    the original's latents and rate, 1e-3, came to FD 804 and 32 distinct images of 100, the discriminator winning;
    normal ones and 3e-4 to 484 and 94, the discriminator losing. The rates fall at the end, and the generator loses
    by images of a class that are more alike than real ones.
"""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model, Optimiser

recipe = Config(
    minutes=15,
    batch=32,
    schedule="cooldown",
    data=Data(name="mnist"),
    model=Model(name="attention_rnn", generator_attention="1d", discriminator_attention="1d"),
    latent=Latent(size=100),
    gan=Gan(
        update="one-pass",
        spread=0.1,
        generator=Optimiser(lr=1e-3, beta1=0.5, beta2=0.99),
        discriminator=Optimiser(lr=6e-4, beta1=0.5, beta2=0.99),
    ),
    ema=Ema(half_life=20_000),
    every=Every(log=100, sample=1000, save=2000),
)
