"""Train a tanh net with 64 neurons from a small initialisation on values of a net with 3 neurons.

Full-batch gradient descent on the mean squared error; about a minute. The samples are written to samples.csv
and the trained weights to weights.npz.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NEURONS, SAMPLES, SCALE, RATE, STEPS = 64, 200, 1e-4, 0.2, 150_000
W = np.array([[1.5, -0.5], [0.3, 1.4], [-1.0, -1.0]])
B = np.array([0.3, -0.6, 0.2])
A = np.array([1.0, 0.8, -0.9])


def main() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (SAMPLES, 2))
    y = np.tanh(x @ W.T + B) @ A
    w1 = SCALE * random.normal(size=(NEURONS, 2))
    b1 = SCALE * random.normal(size=NEURONS)
    w2 = SCALE * random.normal(size=NEURONS)
    b2 = 0.0
    for step in range(STEPS):
        hidden = np.tanh(x @ w1.T + b1)
        error = hidden @ w2 + b2 - y
        back = np.outer(error, w2) * (1 - hidden**2)
        # The last quarter of the steps becomes smaller and smaller.
        rate = RATE * min(1.0, 4 * (1 - step / STEPS)) * 2 / SAMPLES
        w2 = w2 - rate * (hidden.T @ error)
        b2 = b2 - rate * error.sum()
        w1, b1 = w1 - rate * (back.T @ x), b1 - rate * back.sum(axis=0)
        if step % 30_000 == 0 or step == STEPS - 1:
            print(f"step {step}: mean squared error {np.mean(error**2):.3g}")
    np.savez(HERE / "weights.npz", W1=w1, b1=b1, W2=w2[None, :], b2=np.array([b2]))
    table = np.column_stack([x, y])
    np.savetxt(HERE / "samples.csv", table, delimiter=",", header="x1,x2,y", comments="", fmt="%.17g")


if __name__ == "__main__":
    main()
