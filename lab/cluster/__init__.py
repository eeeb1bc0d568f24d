"""A single-node Kubernetes of the real components, without a container image or a binary from anywhere.

etcd, API server, controller manager, scheduler, kubelet and kube-proxy come from one binary built from Go
modules (`lab/kube`), containerd, runc and the CNI plugins from Debian.
"""
