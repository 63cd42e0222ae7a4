"""placeholder"""


def check(library): ...
