"""Recurrent attention: after every step a gate s in (0, 1), made from h and from something looked at, scales h.

Two layers of that kind, for any recurrent network whose h is at hand between steps (`_lstm.Lstm.unroll`): one looks at
a vector, one at the rows of an image. `elegans attention` finds them in any network and draws what they did.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._tanh import tanh


class VectorAttention(nn.Module):
    """The gate of a vector a, such as that of a label:

        m = tanh(h U_m + a U_a + b_m),  s = sigmoid(m U_s + b_s)

    Args:
        units: values in h, and in m and s.
        looked_at: values in a.
    """

    def __init__(self, units: int, looked_at: int) -> None:
        super().__init__()
        self.said = nn.Linear(units, units, bias=False)
        self.given = nn.Linear(looked_at, units)
        self.gate = nn.Linear(units, units)

    def prepare(self, a: Float[Tensor, "n a"]) -> Float[Tensor, "n u"]:
        """a U_a + b_m, which is the same at every step."""
        prepared: Tensor = self.given(a)
        return prepared

    def forward(self, h: Float[Tensor, "n u"], prepared: Float[Tensor, "n u"]) -> Float[Tensor, "n u"]:
        """s, which h is to be multiplied with."""
        m = tanh(torch.addmm(prepared, h, self.said.weight.t()))
        return torch.sigmoid(self.gate(m))


class RowAttention(nn.Module):
    """The gate of the rows r of an image, weighted by what h makes of each:

        t = softmax(h U_t + b_t) over the rows,  w = sum_k t_k r_k,  s = sigmoid(w U_a + b_a)

    Args:
        units: values in h and in s.
        rows: of the image.
        columns: values in a row.
    """

    def __init__(self, units: int, rows: int, columns: int) -> None:
        super().__init__()
        self.where = nn.Sequential(nn.Linear(units, rows), nn.Softmax(1))
        self.gate = nn.Linear(columns, units)

    def forward(self, h: Float[Tensor, "n u"], rows: Float[Tensor, "n k w"]) -> Float[Tensor, "n u"]:
        """s, which h is to be multiplied with. Rows that are not there yet, the last ones, count as zeros."""
        t = self.where(h)[:, : rows.shape[1]]
        return torch.sigmoid(self.gate(torch.bmm(t.unsqueeze(1), rows).squeeze(1)))
