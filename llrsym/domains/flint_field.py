"""The kernel's own evaluation with elimination by FLINT, for minors that are too large for pure Python."""

from collections.abc import Sequence

import flint

from llrsym.kernel.residues import PureArithmetic, Setting, evaluation_rows
from llrsym.kernel.roots import Points
from llrsym.kernel.tower import Tower


class FlintArithmetic(PureArithmetic):
    """Everything by the kernel, except that FLINT eliminates the evaluation matrix."""

    trusted: tuple[str, ...] = ("elimination modulo p by FLINT (nmod_mat)",)

    def evaluation_rank(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> int:
        """Return the rank of the submatrix that the kernel computed."""
        matrix = evaluation_rows(tower, setting, rows, columns, points)
        if not matrix or not columns:
            return 0
        return int(flint.nmod_mat(matrix, setting.prime).rank())
