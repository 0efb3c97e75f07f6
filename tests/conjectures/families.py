"""Functions of sizes whose ranks are known, and a slow one; also the file that the command line runs."""

import llrsym as ll


def two_layers(k, d):
    return ll.mlp(d, k, 1, bias=False)


def biased(k, d):
    return f"mlp({d}, {k}, 1)"


def convolution(k, s, d):
    return ll.conv(input=(d,), kernel=(s,), channels=(k,))


def convolution_by_positions(k, s, L):
    return ll.conv(input=(s + L - 1,), kernel=(s,), channels=(k,))


def square(k, d):
    return ll.mlp(d, k, 1, activation="power:2", bias=False)


def cube(k, d):
    return ll.mlp(d, k, 1, activation="power:3", bias=False)


def cube_with_bias(k, d):
    return ll.mlp(d, k, 1, activation="power:3", bias="hidden")


def quartic(k, d):
    return ll.mlp(d, k, 1, activation="power:4", bias=False)


def power(k, d, r):
    return ll.mlp(d, k, 1, activation=f"power:{r}", bias=False)


def factorization(r, m, n):
    return ll.matrix_factorization(rows=m, inner=r, cols=n)


def lightning(a, d):
    return ll.attention(tokens=2, dim=d, head_dim=a, kind="linear")


def lightning_matrix(a, d, o):
    """One matrix V in the place of the product of output and value weights, as in arXiv:2408.17221."""

    def forward(p, x):
        return (x @ p["V"].T).T @ (x @ p["K"].T @ p["Q"] @ x.T)

    return ll.trace(forward, shapes={"Q": (a, d), "K": (a, d), "V": (o, d), "x": (2, d)}, name="lightning")


def heads(h, a, d):
    return ll.attention(tokens=2, dim=d, head_dim=a, heads=h, kind="linear")


def no_network(k):
    return k


def broken(k):
    return 1 // (k - 2) and ll.mlp(k, 1, 1)


number = 3
