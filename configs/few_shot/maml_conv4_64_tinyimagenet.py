"""The paper's few-shot experiment on 64 x 64 px images of Tiny-ImageNet's classes, 100 images of each."""

_base_ = 'maml_conv4_84_miniimagenet.py'
data_root = 'data/tiny_imagenet_fewshot'
image_size = 64
