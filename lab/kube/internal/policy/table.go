package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// Table is the name of the table of family inet that holds everything.
const Table = "clonepool-policy"

// Network is what does not change while the cluster lives.
type Network struct {
	Bridge  string       // that all pods hang on
	Pods    netip.Prefix // that all pods have their addresses from
	Gateway netip.Addr   // the node's own address in it
}

// Render turns the cluster's state into one nft transaction that replaces the whole table.
//
// Connections are judged by who began them and who answers, in both directions of every packet (`ct original ip saddr`
// and `ct reply ip saddr` are the real ends, also behind a Service's address). So nothing has to be remembered: a
// connection that a change of policy no longer allows ends with the change, the answers of it too.
//
// An address of the pods' range that no known pod has is refused: a new pod is closed until it is known. What the node
// itself begins (the kubelet's probes, the ingress) is not judged, as the API has it.
func Render(network Network, state State) string {
	pods := state.pods()
	var b strings.Builder
	fmt.Fprintf(&b, "table inet %s\ndelete table inet %s\ntable inet %s {\n", Table, Table, Table)
	renderSet(&b, "pods", addressesOf(pods))
	renderSet(&b, "isolated", addressesOf(isolated(pods)))
	renderChains(&b, network)
	renderVerdicts(&b, "egress", pods, state.egress)
	renderVerdicts(&b, "ingress", pods, state.ingress)
	b.WriteString("}\n")
	return b.String()
}

func renderChains(b *strings.Builder, n Network) {
	fmt.Fprintf(b, `  chain forwarded {
    type filter hook forward priority -10; policy accept;
    iifname != "%[1]s" oifname != "%[1]s" accept
    jump judged
  }
  chain received {
    type filter hook input priority -10; policy accept;
    iifname != "%[1]s" accept
    meta nfproto ipv4 ct direction reply accept
    jump judged
  }
  chain judged {
    meta nfproto ipv6 counter drop
    ct state invalid,untracked ip saddr @isolated counter drop
    ct state invalid,untracked ip daddr @isolated counter drop
    ct original ip saddr %[2]s ct original ip saddr != @pods counter drop
    ct reply ip saddr %[2]s ct reply ip saddr != %[3]s ct reply ip saddr != @pods counter drop
    ct original ip saddr vmap @egress
    ct reply ip saddr vmap @ingress
  }
`, n.Bridge, n.Pods, n.Gateway)
}

// renderVerdicts writes a chain for each pod that is isolated in this direction, and the map that leads there.
func renderVerdicts(b *strings.Builder, direction string, pods []pod, rules func(pod) ([]string, bool)) {
	var elements []string
	for _, p := range pods {
		allowed, isolated := rules(p)
		if !isolated {
			continue
		}
		chain := fmt.Sprintf("%s-%s", direction, p.address)
		fmt.Fprintf(b, "  chain %s {\n    comment \"%s/%s\";\n", chain, p.Namespace, p.Name)
		for _, rule := range allowed {
			fmt.Fprintf(b, "    %s\n", strings.TrimSpace(rule+" return"))
		}
		b.WriteString("    counter drop\n  }\n")
		elements = append(elements, fmt.Sprintf("%s : jump %s", p.address, chain))
	}
	fmt.Fprintf(b, "  map %s {\n    type ipv4_addr : verdict\n%s  }\n", direction, elementsLine(elements))
}

func renderSet(b *strings.Builder, name string, addresses []string) {
	fmt.Fprintf(b, "  set %s {\n    type ipv4_addr\n%s  }\n", name, elementsLine(addresses))
}

func elementsLine(elements []string) string {
	if len(elements) == 0 {
		return "" // nft knows no empty list
	}
	return fmt.Sprintf("    elements = { %s }\n", strings.Join(elements, ", "))
}

// egress lists what a pod may begin, and whether any policy says so.
func (s State) egress(p pod) (rules []string, isolated bool) {
	for _, policy := range s.selecting(p, networkingv1.PolicyTypeEgress) {
		isolated = true
		for _, rule := range policy.Spec.Egress {
			for _, peer := range s.peers(policy.Namespace, rule.To) {
				rules = append(rules, matches("ct reply ip saddr", peer, rule.Ports, peer.pods)...)
			}
		}
	}
	return unique(rules), isolated
}

// ingress lists what may be begun with a pod, and whether any policy says so.
func (s State) ingress(p pod) (rules []string, isolated bool) {
	for _, policy := range s.selecting(p, networkingv1.PolicyTypeIngress) {
		isolated = true
		for _, rule := range policy.Spec.Ingress {
			for _, peer := range s.peers(policy.Namespace, rule.From) {
				rules = append(rules, matches("ct original ip saddr", peer, rule.Ports, []pod{p})...)
			}
		}
	}
	return unique(rules), isolated
}

// matches writes one condition for each port. Named ports are those of the pods that answer.
func matches(end string, peer peer, ports []networkingv1.NetworkPolicyPort, answering []pod) []string {
	if len(ports) == 0 {
		return []string{peer.condition(end)}
	}
	var out []string
	for _, port := range ports {
		protocol := protocolOf(port)
		switch {
		case port.Port == nil:
			out = append(out, join(peer.condition(end), "meta l4proto "+protocol))
		case port.Port.StrVal == "":
			number := fmt.Sprint(port.Port.IntVal)
			if port.EndPort != nil {
				number = fmt.Sprintf("%d-%d", port.Port.IntVal, *port.EndPort)
			}
			out = append(out, join(peer.condition(end), "meta l4proto "+protocol, "ct reply proto-src "+number))
		default:
			out = append(out, named(end, peer, protocol, port.Port.StrVal, answering)...)
		}
	}
	return out
}

// named looks a port's name up in each answering pod, which may call different numbers the same.
func named(end string, peer peer, protocol, name string, answering []pod) (out []string) {
	for _, p := range answering {
		number, found := p.port(protocol, name)
		if !found {
			continue
		}
		condition := peer.condition(end)
		if end == "ct reply ip saddr" {
			condition = end + " " + p.address.String()
		}
		out = append(out, join(condition, "meta l4proto "+protocol, fmt.Sprintf("ct reply proto-src %d", number)))
	}
	return out
}

func protocolOf(port networkingv1.NetworkPolicyPort) string {
	if port.Protocol == nil {
		return "tcp"
	}
	return strings.ToLower(string(*port.Protocol))
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

func unique(rules []string) []string {
	slices.Sort(rules)
	return slices.Compact(rules)
}
