"""Small generative models, finished."""
