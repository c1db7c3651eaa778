"""Hostile bytes are parsed elsewhere: in short-lived processes without network, files to write, keys or much memory.

A room of its own because it is neither a pure reader (it starts processes) nor an edge to the outside world: whoever
must parse what strangers sent (`flow.read`, the rendering of a document) hands the bytes to a `Pool` and gets a reply
or the death of a reader. The parent survives whatever a reader does.

    pool (asyncio, in the daemon) ── control socket ── nursery (a fresh interpreter: no key, no secret; modules
      │                                                  │      loaded once; it forks, kills, and tells who died)
      └────────── one socket a reader ──────────── reader (forked, then confined: see `confine`)
"""
