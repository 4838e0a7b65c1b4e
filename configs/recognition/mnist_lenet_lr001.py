"""MNIST as in mnist_lenet.py with a fifth of the learning rate and twice the epochs: how far the schedule decides."""

_base_ = './mnist_lenet.py'

training = dict(epochs=8, lr=0.01)
trials = 5
