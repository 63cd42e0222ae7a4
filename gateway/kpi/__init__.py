"""Figures of the region: 22 indicators as data with a version, computed from what the store kept.

`definitions` reads what an indicator is; `loading` makes `facts` of versions; `compute` works on facts alone; `results`
are what comes out, with their quality; `telling` writes them. docs/kpi.md has the formulas.
"""
