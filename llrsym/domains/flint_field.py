"""The kernel's own evaluation with elimination by FLINT, for minors that are too large for pure Python."""

from collections.abc import Sequence

import flint

from llrsym.kernel.residues import Matrix, PureArithmetic, Setting, evaluation_rows
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


class FlintProducts(PureArithmetic):
    """Everything by the kernel, except that FLINT multiplies matrices of integers."""

    trusted: tuple[str, ...] = ("products of integer matrices by FLINT (fmpz_mat)",)

    def product(self, left: Matrix, right: Matrix) -> list[list[int]]:
        """Return the product of two matrices of integers."""
        return flint_product(left, right)


def flint_product(left: Matrix, right: Matrix) -> list[list[int]]:
    """Return the product of two matrices of integers.

    >>> flint_product([[1, 2]], [[3], [4]])
    [[11]]
    """
    product = flint.fmpz_mat([list(row) for row in left]) * flint.fmpz_mat([list(row) for row in right])
    return [[int(entry) for entry in row] for row in product.tolist()]
