// Package policy is the lab's stand-in for what enforces NetworkPolicies on EKS (the VPC CNI's agent): it translates
// them to one nftables table of the node.
//
// It has the semantics of networking.k8s.io/v1 for one node and IPv4: isolation by direction, union of all policies,
// pods and namespaces by label, address blocks with exceptions, numbered, named and ranged ports. IPv6 is refused.
package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// State is what the cluster says.
type State struct {
	Pods       []*corev1.Pod
	Namespaces []*corev1.Namespace
	Policies   []*networkingv1.NetworkPolicy
}

// pod is one that has an address of its own, and where policies isolate it.
type pod struct {
	*corev1.Pod
	address  netip.Addr
	isolated bool
}

// pods are those that live on the bridge, in the order of their addresses. Of one that has ended another may have the
// address by now.
func (s State) pods() []pod {
	var out []pod
	for _, found := range s.Pods {
		over := found.Status.Phase == corev1.PodSucceeded || found.Status.Phase == corev1.PodFailed
		address, err := netip.ParseAddr(found.Status.PodIP)
		if err != nil || !address.Is4() || found.Spec.HostNetwork || over {
			continue
		}
		out = append(out, pod{found, address, s.isolates(found)})
	}
	slices.SortFunc(out, func(a, b pod) int { return a.address.Compare(b.address) })
	return slices.CompactFunc(out, func(a, b pod) bool { return a.address == b.address })
}

func (s State) isolates(found *corev1.Pod) bool {
	return slices.ContainsFunc(s.Policies, func(policy *networkingv1.NetworkPolicy) bool {
		return policy.Namespace == found.Namespace && selects(&policy.Spec.PodSelector, found.Labels)
	})
}

// selecting lists the policies that isolate a pod in one direction.
func (s State) selecting(p pod, direction networkingv1.PolicyType) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, policy := range s.Policies {
		if policy.Namespace == p.Namespace && governs(policy, direction) && selects(&policy.Spec.PodSelector, p.Labels) {
			out = append(out, policy)
		}
	}
	return out
}

// governs follows the API's default for policyTypes: Ingress always, Egress where there are egress rules.
func governs(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

// peer is one other end: everybody, a block of addresses, or pods (perhaps none).
type peer struct {
	everybody bool
	block     string
	except    []string
	pods      []pod
}

// peers reads `from` and `to`; an empty list means everybody.
func (s State) peers(namespace string, wanted []networkingv1.NetworkPolicyPeer) []peer {
	if len(wanted) == 0 {
		return []peer{{everybody: true, pods: s.pods()}}
	}
	var out []peer
	for _, one := range wanted {
		if one.IPBlock != nil {
			if block, ok := blockOf(one.IPBlock); ok {
				out = append(out, block)
			}
			continue
		}
		if pods := s.matching(namespace, one); len(pods) > 0 {
			out = append(out, peer{pods: pods})
		}
	}
	return out
}

// matching finds the pods of a peer: without a namespace selector those of the policy's own namespace.
func (s State) matching(namespace string, wanted networkingv1.NetworkPolicyPeer) []pod {
	return slices.DeleteFunc(s.pods(), func(p pod) bool {
		if wanted.PodSelector != nil && !selects(wanted.PodSelector, p.Labels) {
			return true
		}
		if wanted.NamespaceSelector == nil {
			return p.Namespace != namespace
		}
		return !selects(wanted.NamespaceSelector, s.labelsOf(p.Namespace))
	})
}

func (s State) labelsOf(namespace string) map[string]string {
	for _, found := range s.Namespaces {
		if found.Name == namespace {
			return found.Labels
		}
	}
	return nil
}

// blockOf leaves out IPv6, which no pod here speaks.
func blockOf(block *networkingv1.IPBlock) (peer, bool) {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return peer{}, false
	}
	if prefix.Bits() == 0 {
		return peer{everybody: true, except: block.Except}, true
	}
	return peer{block: prefix.Masked().String(), except: block.Except}, true
}

// condition writes the match on one end of a connection.
func (p peer) condition(end string) string {
	var parts []string
	switch {
	case p.block != "":
		parts = append(parts, end+" "+p.block)
	case !p.everybody:
		parts = append(parts, fmt.Sprintf("%s { %s }", end, strings.Join(addressesOf(p.pods), ", ")))
	}
	for _, except := range p.except {
		parts = append(parts, end+" != "+except)
	}
	return strings.Join(parts, " ")
}

// port finds the number behind a name.
func (p pod) port(protocol, name string) (int32, bool) {
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == name && strings.EqualFold(string(port.Protocol), protocol) {
				return port.ContainerPort, true
			}
		}
	}
	return 0, false
}

// selects says whether a selector matches; one that cannot be read selects nothing (the API server lets none pass).
func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}

func addressesOf(pods []pod) []string {
	out := make([]string, len(pods))
	for i, p := range pods {
		out[i] = p.address.String()
	}
	return out
}

func isolated(pods []pod) []pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p pod) bool { return !p.isolated })
}
