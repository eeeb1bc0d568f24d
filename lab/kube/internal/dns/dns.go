// Package dns is the lab's stand-in for CoreDNS: Services and the hosts of Ingresses by name, the rest forwarded.
package dns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/dns/dnsmessage"

	"clonepool.dev/lab/internal/catalog"
)

const ttlSeconds = 5

// Names is what the cluster knows.
type Names interface {
	HasHost(host string) bool
	ServiceAddresses(namespace, name string) []net.IP
}

// Forwarder sends a query to the machine's resolver and returns its answer as it is.
type Forwarder func(ctx context.Context, network string, query []byte) ([]byte, error)

// Resolver answers single DNS messages.
type Resolver struct {
	Names   Names
	Ingress net.IP   // where the hosts of Ingress objects are served
	Zones   []string // never forwarded: the cluster's domain and the lab's own
	Forward Forwarder
	tricks  tricks
}

type options struct {
	kubeconfig, listen, ingress, resolvConf string
	zones                                   []string
}

// NewCommand is `labkube dns`.
func NewCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:          "dns",
		Short:        "Answer names of Services and Ingress hosts (the lab's stand-in for CoreDNS)",
		SilenceUsage: true,
		RunE:         func(*cobra.Command, []string) error { return run(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "credential that may watch Ingresses, Services, EndpointSlices")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:53", "address and port, UDP and TCP")
	flags.StringVar(&o.ingress, "ingress-address", "127.0.0.1", "address of the ingress")
	flags.StringVar(&o.resolvConf, "resolv-conf", "/etc/resolv.conf", "where the machine's own resolvers are named")
	flags.StringSliceVar(&o.zones, "zones", []string{"cluster.local", "test"}, "zones that are never forwarded")
	return cmd
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	names, err := catalog.FromKubeconfig(o.kubeconfig)
	if err != nil {
		return err
	}
	if err := names.Start(ctx); err != nil {
		return err
	}
	upstreams, err := nameservers(o.resolvConf, o.listen)
	if err != nil {
		return err
	}
	resolver := &Resolver{Names: names, Ingress: net.ParseIP(o.ingress), Zones: o.zones, Forward: forwardTo(upstreams)}
	slog.Info("serving", "address", o.listen, "upstreams", upstreams)
	if err := serve(ctx, o.listen, resolver); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve on %s: %w", o.listen, err)
	}
	return nil
}

// Answer turns one query into one response. It fails only for what is no DNS query at all.
func (r *Resolver) Answer(ctx context.Context, network string, query []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	question, err := parser.Question()
	if err != nil {
		return nil, fmt.Errorf("parse question: %w", err)
	}
	addresses, known := r.lookup(question)
	switch {
	case known:
		return reply(header, question, addresses, dnsmessage.RCodeSuccess)
	case r.ours(question.Name.String()):
		return reply(header, question, nil, dnsmessage.RCodeNameError)
	}
	answer, err := r.Forward(ctx, network, query)
	if err != nil {
		slog.Warn("forwarding failed", "name", question.Name.String(), "error", err)
		return reply(header, question, nil, dnsmessage.RCodeServerFailure)
	}
	return answer, nil
}

func (r *Resolver) lookup(question dnsmessage.Question) ([]netip.Addr, bool) {
	host := strings.ToLower(strings.TrimSuffix(question.Name.String(), "."))
	if addresses, ok := r.tricks.lookup(host, func(a netip.Addr) bool { return answers(question.Type, a) }); ok {
		return addresses, true
	}
	ips, known := r.inCluster(host)
	addresses := make([]netip.Addr, 0, len(ips))
	for _, ip := range ips {
		if address, ok := netip.AddrFromSlice(ip); ok {
			addresses = append(addresses, address.Unmap())
		}
	}
	return addresses, known
}

func (r *Resolver) inCluster(host string) ([]net.IP, bool) {
	if short, ok := strings.CutSuffix(host, ".svc.cluster.local"); ok {
		service, namespace, ok := strings.Cut(short, ".")
		if !ok {
			return nil, false
		}
		ips := r.Names.ServiceAddresses(namespace, service)
		return ips, ips != nil
	}
	if r.Names.HasHost(host) {
		return []net.IP{r.Ingress}, true
	}
	return nil, false
}

func (r *Resolver) ours(name string) bool {
	host := strings.ToLower(strings.TrimSuffix(name, "."))
	for _, zone := range r.Zones {
		if host == zone || strings.HasSuffix(host, "."+zone) {
			return true
		}
	}
	return false
}

// answers says whether an address belongs into the answer to a question of this type.
func answers(kind dnsmessage.Type, address netip.Addr) bool {
	return kind == dnsmessage.TypeALL || (kind == dnsmessage.TypeA && address.Is4()) || (kind == dnsmessage.TypeAAAA && address.Is6())
}

// reply answers questions for addresses; a known name has no records of any other type.
func reply(query dnsmessage.Header, question dnsmessage.Question, addresses []netip.Addr, code dnsmessage.RCode) ([]byte, error) {
	header := dnsmessage.Header{
		ID: query.ID, Response: true, OpCode: query.OpCode, Authoritative: true,
		RecursionDesired: query.RecursionDesired, RecursionAvailable: true, RCode: code,
	}
	message := dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{question}}
	for _, address := range addresses {
		if answers(question.Type, address) {
			message.Answers = append(message.Answers, record(question.Name, address))
		}
	}
	packed, err := message.Pack()
	if err != nil {
		return nil, fmt.Errorf("pack answer: %w", err)
	}
	return packed, nil
}

func record(name dnsmessage.Name, address netip.Addr) dnsmessage.Resource {
	header := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: ttlSeconds}
	if address.Is4() {
		header.Type = dnsmessage.TypeA
		return dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: address.As4()}}
	}
	header.Type = dnsmessage.TypeAAAA
	return dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}}
}

// nameservers reads resolv.conf; the lab's own address is left out, or queries would go round in a circle.
func nameservers(path, own string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read resolvers: %w", err)
	}
	var servers []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if server := net.JoinHostPort(fields[1], "53"); server != own {
			servers = append(servers, server)
		}
	}
	return servers, nil
}

func forwardTo(servers []string) Forwarder {
	return func(ctx context.Context, network string, query []byte) ([]byte, error) {
		failures := []error{errors.New("no resolver of the machine answered")}
		for _, server := range servers {
			answer, err := exchange(ctx, network, server, query)
			if err == nil {
				return answer, nil
			}
			failures = append(failures, err)
		}
		return nil, errors.Join(failures...)
	}
}

func exchange(ctx context.Context, network, server string, query []byte) ([]byte, error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	connection, err := dialer.DialContext(ctx, network, server)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", server, err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return nil, fmt.Errorf("deadline for %s: %w", server, err)
	}
	if network == "tcp" {
		if err := writeFramed(connection, query); err != nil {
			return nil, err
		}
		return readFramed(connection)
	}
	if _, err := connection.Write(query); err != nil {
		return nil, fmt.Errorf("ask %s: %w", server, err)
	}
	answer := make([]byte, 65535)
	size, err := connection.Read(answer)
	if err != nil {
		return nil, fmt.Errorf("hear %s: %w", server, err)
	}
	return answer[:size], nil
}
