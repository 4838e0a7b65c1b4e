"""The model zoo: trained detectors that come with the package, see docs/reference/zoo.md."""

from ship_det.zoo.models import PREFIX, ZooModel, find_config, names_zoo_model, weights_file, zoo_model, zoo_models

__all__ = ['PREFIX', 'ZooModel', 'find_config', 'names_zoo_model', 'weights_file', 'zoo_model', 'zoo_models']
