"""What every method saves and says."""

from torch import Tensor

State = dict[str, dict[str, Tensor]]  # a file of a checkpoint -> its tensors by name
Said = dict[str, Tensor]  # what there is to say of a step: scalars by name
