"""How much of an image a stream can make out, read off what it computed anyway."""

import torch
from torch import Tensor, nn

_HIDDEN = 64
_SHORTEST = 1e-6  # a length of 0 has no logarithm


class RecognisabilityHead(nn.Module):
    """Predicts from a stream's own numbers how near its embedding is to the guide's.

    It reads what the stream computed and sends nothing back: no gradient, and not a single draw
    from the global random generator. A stream learns the same, to the bit, with it and without.
    Beside the numbers themselves it is given their lengths, which say much and which a sum of
    few products cannot make of them.

    Args:
        features_width: Numbers that the backbone gives, ``F``.
        width: Numbers in an embedding, ``D``.
    """

    def __init__(self, *, features_width: int, width: int) -> None:
        super().__init__()
        inputs = features_width + width + 2
        # features of different backbones differ in size by orders of magnitude
        self.norm = nn.BatchNorm1d(inputs, affine=False)
        # filled below: a layer made in the usual way would draw from the global generator
        self.hidden = nn.utils.skip_init(nn.Linear, inputs, _HIDDEN)
        self.score = nn.utils.skip_init(nn.Linear, _HIDDEN, 1)
        generator = torch.Generator().manual_seed(0)
        nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu", generator=generator)
        for tensor in (self.hidden.bias, self.score.weight, self.score.bias):
            nn.init.zeros_(tensor)

    def forward(self, features: Tensor, raw: Tensor) -> Tensor:
        """Return the predicted cosine to the guide's embedding of the same image, sharp.

        Args:
            features: ``(B, F)``; detached.
            raw: ``(B, D)`` embeddings before normalisation; detached.

        Returns:
            ``(B,)`` in [0, 1], larger is easier to recognise; 0.5 before training.
        """
        given = [features.detach(), raw.detach()]
        lengths = [rows.norm(dim=1, keepdim=True).clamp_min(_SHORTEST).log() for rows in given]
        seen = self.norm(torch.cat([*given, *lengths], dim=1))
        scores: Tensor = self.score(torch.relu(self.hidden(seen))).squeeze(1)
        return scores.sigmoid()
