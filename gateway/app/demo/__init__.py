"""``gateway demo``: the gateway as ``run`` composes it, between stand-ins, fed with the samples."""

from gateway.app.demo.play import play

__all__ = ["play"]
