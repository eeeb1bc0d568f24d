"""The images of a clone's pod, built here from Debian packages and the project's own Dockerfiles."""

from lab.images.build import Image, build, build_mariadb

__all__ = ["Image", "build", "build_mariadb"]
