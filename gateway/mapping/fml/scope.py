"""The names in one place of a group: sources are names of expressions, targets are objects that are being filled."""

from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType

from gateway.fhir.frozen import frozen
from gateway.mapping.compiler.frame import Frame, Name

_NONE: Mapping[str, "Target"] = MappingProxyType({})


@frozen()
class Target:
    """An object that rules fill: the Python variable that holds it, its type where known, its path in the outcome.

    `plain`: it stands for a plain value, which is its `value`. `several`: each `value` of it is one of a list.
    """

    text: str
    type: str | None
    path: str
    plain: bool = False
    several: bool = False


@frozen()
class Scope:
    """The frame of expressions, and beside it the targets and the whole messages and rows."""

    frame: Frame
    targets: Mapping[str, Target] = field(default_factory=lambda: _NONE)
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def reading(self, name: str, value: Name) -> "Scope":
        """Return the scope in which a name is a source."""
        targets = {key: target for key, target in self.targets.items() if key != name}
        return replace(self, frame=self.frame.having({name: value}), targets=MappingProxyType(targets))

    def filling(self, name: str, target: Target) -> "Scope":
        """Return the scope in which a name is a target, which expressions can read too."""
        frame = self.frame.having(
            {name: Name(f"({target.text}, ())", type=target.type if not target.several else None)}
        )
        return replace(self, frame=frame, targets=MappingProxyType({**self.targets, name: target}))

    def whole(self, name: str, kind: str) -> "Scope":
        """Return the scope in which a name is a whole message or row."""
        return replace(self, kinds=MappingProxyType({**self.kinds, name: kind}))
