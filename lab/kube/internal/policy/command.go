package policy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"clonepool.dev/lab/internal/catalog"
)

const (
	settle = 10 * time.Millisecond // several objects change together: one transaction for all of them
	again  = 30 * time.Second      // a table that somebody took away is back by then
	retry  = time.Second
)

type options struct {
	kubeconfig, bridge, podCIDR, health string
}

// NewCommand is `labkube policy`.
func NewCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:          "policy",
		Short:        "Enforce NetworkPolicies by nftables (the lab's stand-in for the VPC CNI's agent)",
		SilenceUsage: true,
		RunE:         func(*cobra.Command, []string) error { return run(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "credential that may watch Pods, Namespaces, NetworkPolicies")
	flags.StringVar(&o.bridge, "bridge", "", "the bridge that all pods hang on")
	flags.StringVar(&o.podCIDR, "pod-cidr", "", "the range of their addresses; its first is the node's")
	flags.StringVar(&o.health, "health-address", "127.0.0.1:10257", "answers 200 while the table is what the policies say")
	return cmd
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	pods, err := netip.ParsePrefix(o.podCIDR)
	if err != nil {
		return fmt.Errorf("--pod-cidr: %w", err)
	}
	client, err := catalog.ClientFromKubeconfig(o.kubeconfig)
	if err != nil {
		return err
	}
	enforcer := newEnforcer(client, Network{o.bridge, pods.Masked(), pods.Masked().Addr().Next()}, apply)
	server := &http.Server{Addr: o.health, Handler: enforcer, ReadHeaderTimeout: time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- enforcer.run(ctx) }()
	err = <-failed
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, server.Close())
}

// apply replaces the table in one transaction of the kernel: no packet meets half of it.
func apply(ctx context.Context, table string) error {
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(table)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, output)
	}
	return nil
}

// enforcer follows the cluster and keeps the table equal to what it says.
type enforcer struct {
	factory informers.SharedInformerFactory
	network Network
	apply   func(context.Context, string) error
	changed chan struct{}
	healthy atomic.Bool
}

func newEnforcer(client kubernetes.Interface, network Network, apply func(context.Context, string) error) *enforcer {
	e := &enforcer{
		factory: informers.NewSharedInformerFactory(client, 0),
		network: network,
		apply:   apply,
		changed: make(chan struct{}, 1),
	}
	for _, informer := range []cache.SharedIndexInformer{
		e.factory.Core().V1().Pods().Informer(),
		e.factory.Core().V1().Namespaces().Informer(),
		e.factory.Networking().V1().NetworkPolicies().Informer(),
	} {
		// Fails only for an informer that has stopped.
		_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { e.wake() },
			UpdateFunc: func(any, any) { e.wake() },
			DeleteFunc: func(any) { e.wake() },
		})
	}
	return e
}

func (e *enforcer) wake() {
	select {
	case e.changed <- struct{}{}:
	default: // somebody has already been told
	}
}

// ServeHTTP is the health check.
func (e *enforcer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if !e.healthy.Load() {
		http.Error(w, "the table is not what the policies say", http.StatusServiceUnavailable)
	}
}

func (e *enforcer) run(ctx context.Context) error {
	e.factory.Start(ctx.Done())
	for kind, synced := range e.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("no first list of %v: %w", kind, ctx.Err())
		}
	}
	last := ""
	for ctx.Err() == nil {
		last = e.enforce(ctx, last)
		wait := again
		if last == "" {
			wait = retry
		}
		select {
		case <-e.changed:
			time.Sleep(settle)
		case <-time.After(wait):
			last = ""
		case <-ctx.Done():
		}
	}
	return nil
}

// enforce applies the table unless it is the last one; returns what is in force, or nothing if that is not known.
func (e *enforcer) enforce(ctx context.Context, last string) string {
	table := Render(e.network, e.state())
	if table == last {
		return last
	}
	if err := e.apply(ctx, table); err != nil {
		e.healthy.Store(false)
		slog.Error("not applied, the former table stays", "error", err)
		return ""
	}
	e.healthy.Store(true)
	return table
}

func (e *enforcer) state() State {
	// Listers of a local cache do not fail.
	pods, _ := e.factory.Core().V1().Pods().Lister().List(labels.Everything())
	namespaces, _ := e.factory.Core().V1().Namespaces().Lister().List(labels.Everything())
	policies, _ := e.factory.Networking().V1().NetworkPolicies().Lister().List(labels.Everything())
	return State{Pods: pods, Namespaces: namespaces, Policies: policies}
}
