package policy

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var (
	network = Network{"clonepool0", netip.MustParsePrefix("10.244.0.0/16"), netip.MustParseAddr("10.244.0.1")}
	port80  = []networkingv1.NetworkPolicyPort{{Port: &intstr.IntOrString{IntVal: 80}}}
	both    = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	all     = metav1.LabelSelector{}
)

func onePod(namespace, name, address string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: "web", ContainerPort: 8080, Protocol: corev1.ProtocolTCP},
		}}}},
		Status: corev1.PodStatus{PodIP: address, Phase: corev1.PodRunning},
	}
}

// world has two clones, a client and a source.
func world(policies ...networkingv1.NetworkPolicySpec) State {
	state := State{
		Pods: []*corev1.Pod{
			onePod("staging", "warm", "10.244.0.2", map[string]string{"status": "ready"}),
			onePod("staging", "serving", "10.244.0.3", map[string]string{"status": "serving"}),
			onePod("clients", "client", "10.244.0.4", map[string]string{"app": "client"}),
			onePod("sources", "source", "10.244.0.5", nil),
		},
		Namespaces: []*corev1.Namespace{
			{ObjectMeta: metav1.ObjectMeta{Name: "staging"}},
			{ObjectMeta: metav1.ObjectMeta{Name: "clients", Labels: map[string]string{"client": "true"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "sources"}},
		},
	}
	for _, spec := range policies {
		state.Policies = append(state.Policies, &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "staging"}, Spec: spec,
		})
	}
	return state
}

// chain returns the rules of one pod in one direction, or nil if it is not isolated.
func chain(t *testing.T, state State, name string) []string {
	t.Helper()
	_, after, found := strings.Cut(Render(network, state), "  chain "+name+" {\n")
	if !found {
		return nil
	}
	body, _, _ := strings.Cut(after, "\n  }")
	lines := strings.Split(body, "\n")[1:] // without the comment
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return lines
}

func wantRules(t *testing.T, state State, name string, wanted ...string) {
	t.Helper()
	if got := chain(t, state, name); !slices.Equal(got, wanted) {
		t.Errorf("%s:\n%s\nwanted:\n%s", name, strings.Join(got, "\n"), strings.Join(wanted, "\n"))
	}
}

func closed() networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{PodSelector: all, PolicyTypes: both}
}

func from(peers ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"status": "serving"}},
		Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: peers, Ports: port80}},
	}
}

func to(ports []networkingv1.NetworkPolicyPort, peers ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"status": "serving"}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		Egress:      []networkingv1.NetworkPolicyEgressRule{{To: peers, Ports: ports}},
	}
}

func labelled(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func TestAPodWithoutPoliciesIsLeftAlone(t *testing.T) {
	state := world(closed())
	for _, name := range []string{"egress-10.244.0.4", "ingress-10.244.0.5"} {
		if got := chain(t, state, name); got != nil {
			t.Errorf("%s is isolated: %v", name, got)
		}
	}
}

func TestAPolicyWithoutRulesClosesBothDirections(t *testing.T) {
	wantRules(t, world(closed()), "egress-10.244.0.2", "counter drop")
	wantRules(t, world(closed()), "ingress-10.244.0.2", "counter drop")
}

func TestNoPodOnTheBridgeIsReachedUntilItIsKnown(t *testing.T) {
	text := Render(network, world())
	for _, line := range []string{
		"elements = { 10.244.0.2, 10.244.0.3, 10.244.0.4, 10.244.0.5 }",
		"ct original ip saddr 10.244.0.0/16 ct original ip saddr != @pods counter drop",
		"ct reply ip saddr 10.244.0.0/16 ct reply ip saddr != 10.244.0.1 ct reply ip saddr != @pods counter drop",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is missing in\n%s", line, text)
		}
	}
}

func TestPodsThatHaveEndedOrShareTheNodesAddressAreNotMeant(t *testing.T) {
	state := world(closed())
	state.Pods[0].Status.Phase = corev1.PodFailed
	state.Pods[1].Spec.HostNetwork = true
	if text := Render(network, state); !strings.Contains(text, "elements = { 10.244.0.4, 10.244.0.5 }") {
		t.Error(text)
	}
}

func TestPeersByNamespaceAndPod(t *testing.T) {
	inClients := networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("client", "true")}
	wantRules(t, world(from(inClients)), "ingress-10.244.0.3",
		"ct original ip saddr { 10.244.0.4 } meta l4proto tcp ct reply proto-src 80 return", "counter drop")

	narrowed := networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("client", "true"), PodSelector: labelled("app", "other")}
	wantRules(t, world(from(narrowed)), "ingress-10.244.0.3", "counter drop")

	own := networkingv1.NetworkPolicyPeer{PodSelector: labelled("status", "ready")}
	wantRules(t, world(from(own)), "ingress-10.244.0.3",
		"ct original ip saddr { 10.244.0.2 } meta l4proto tcp ct reply proto-src 80 return", "counter drop")
}

func TestAPolicyOfOneDirectionLeavesTheOtherOpen(t *testing.T) {
	if got := chain(t, world(from()), "egress-10.244.0.3"); got != nil {
		t.Error(got)
	}
	if got := chain(t, world(to(port80)), "ingress-10.244.0.3"); got != nil {
		t.Error(got)
	}
}

func TestEgressRulesImplyTheirType(t *testing.T) {
	spec := to(port80)
	spec.PolicyTypes = nil
	wantRules(t, world(spec), "egress-10.244.0.3", "meta l4proto tcp ct reply proto-src 80 return", "counter drop")
	wantRules(t, world(spec), "ingress-10.244.0.3", "counter drop")
}

func TestBlocksOfAddresses(t *testing.T) {
	block := func(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
	}
	wantRules(t, world(to(port80, block("93.184.215.14/32"))), "egress-10.244.0.3",
		"ct reply ip saddr 93.184.215.14/32 meta l4proto tcp ct reply proto-src 80 return", "counter drop")
	wantRules(t, world(to(nil, block("0.0.0.0/0", "10.0.0.0/8", "169.254.0.0/16"))), "egress-10.244.0.3",
		"ct reply ip saddr != 10.0.0.0/8 ct reply ip saddr != 169.254.0.0/16 return", "counter drop")
	wantRules(t, world(to(port80, block("2001:db8::/32"))), "egress-10.244.0.3", "counter drop")
}

func TestPorts(t *testing.T) {
	udp, last, name := corev1.ProtocolUDP, int32(90), intstr.FromString("web")
	ports := []networkingv1.NetworkPolicyPort{
		{Protocol: &udp}, {Port: &intstr.IntOrString{IntVal: 80}, EndPort: &last}, {Port: &name},
	}
	client := networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("client", "true")}
	spec := from(client)
	spec.Ingress[0].Ports = ports
	wantRules(t, world(spec), "ingress-10.244.0.3",
		"ct original ip saddr { 10.244.0.4 } meta l4proto tcp ct reply proto-src 80-90 return",
		"ct original ip saddr { 10.244.0.4 } meta l4proto tcp ct reply proto-src 8080 return",
		"ct original ip saddr { 10.244.0.4 } meta l4proto udp return",
		"counter drop")
	wantRules(t, world(to(ports[2:], client)), "egress-10.244.0.3",
		"ct reply ip saddr 10.244.0.4 meta l4proto tcp ct reply proto-src 8080 return", "counter drop")
}

func TestPoliciesAddUp(t *testing.T) {
	open := to(nil)
	wantRules(t, world(closed(), to(port80), open), "egress-10.244.0.3",
		"return", "meta l4proto tcp ct reply proto-src 80 return", "counter drop")
}

func TestTheKernelsOwnToolTakesTheTable(t *testing.T) {
	nft, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("nft is not installed")
	}
	udp, last, name := corev1.ProtocolUDP, int32(90), intstr.FromString("web")
	ports := []networkingv1.NetworkPolicyPort{
		{Protocol: &udp}, {Port: &intstr.IntOrString{IntVal: 80}, EndPort: &last}, {Port: &name},
	}
	world := world(closed(), to(ports), from(networkingv1.NetworkPolicyPeer{NamespaceSelector: &all}))
	for _, state := range []State{{}, world} {
		// In a network namespace of its own: nothing of the machine is read or changed.
		cmd := exec.Command("unshare", "--net", nft, "-f", "-")
		cmd.Stdin = strings.NewReader(Render(network, state))
		if output, err := cmd.CombinedOutput(); err != nil {
			if strings.Contains(string(output), "Operation not permitted") {
				t.Skip("needs root")
			}
			t.Errorf("%v: %s\n%s", err, output, Render(network, state))
		}
	}
}
