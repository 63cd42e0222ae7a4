"""https://hl7.org/fhirpath/N1/#tree-navigation"""

from gateway.fhirpath.calls import Call, function
from gateway.fhirpath.flow import Flow, items, of_list
from gateway.fhirpath.shapes import boxed

__all__: list[str] = []


@function("children")
def _children(call: Call) -> Flow:
    source = items(boxed(call.input("element")))
    return of_list(
        f"[_x for _i in {source} for _x in fp_children(_i)]", None, call.compiler.name("child"), ordered=False
    )


@function("descendants")
def _descendants(call: Call) -> Flow:
    source = items(boxed(call.input("element")))
    return of_list(f"fp_descendants({source})", None, call.compiler.name("descendant"), ordered=False)
