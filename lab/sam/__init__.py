"""`sam local` on a machine that cannot pull Lambda's base image: a docker of its own and a stand-in image.

The stand-in is Debian's Python with the Lambda runtime interface client. It shows that package, layers and
handlers fit together; it is no Amazon Linux.
"""
