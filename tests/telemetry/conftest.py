from tests.deliver.conftest import certificates

__all__ = ["certificates"]
