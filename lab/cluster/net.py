"""Addresses and names of the lab's cluster. One lab per machine, so they are fixed."""

from __future__ import annotations

NODE = "lab"
NODE_IP = "10.99.0.1"
POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
BRIDGE = "clonepool0"
CGROUP = "clonepool"
CLUSTER_DOMAIN = "cluster.local"
CLONE_DOMAIN = "clones.test"
SOURCE_DOMAIN = "sources.test"
API_URL = f"https://{NODE_IP}:6443"
INGRESS = f"{NODE_IP}:80"
PAUSE_IMAGE = "clonepool.local/pause:1"
NAMESPACE = "wordpress-staging"
CLONE_APP = "wordpress-clone"
SOURCE_NAMESPACE = "sources"
SOURCE_APP = "wordpress-source"
FUNCTIONS = ("worker", "return", "keeper")
"""What the cluster calls clone_worker, pod_return and pool_keeper: `clonepool:worker` is a group."""
