"""Watched folders: files that partners drop by SFTP, share or mail rule, taken in like any other message.

    <folder>/<provider>/in/         where the partner puts files
                       /working/    what a node has taken and is reading
                       /processed/  what was taken in, each with its report
                       /failed/     what was refused as a whole, each with its report

`drop` knows one provider's folders and who holds a file; `watch` looks at all of them until it is told to stop.
"""

from gateway.folder.drop import Claim, Drop
from gateway.folder.watch import Watch, serve

__all__ = ["Claim", "Drop", "Watch", "serve"]
