"""What every method saves and says."""

from torch import Tensor

from elegans.tensors import State as State

Said = dict[str, Tensor]  # what there is to say of a step: scalars by name
