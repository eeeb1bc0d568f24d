// Command labkube is the lab's Kubernetes in one binary: its first argument chooses the component.
//
// The components are those of the Kubernetes and etcd releases that go.mod pins, unchanged. Three are the
// lab's own: `ingress`, `dns` and `policy` stand in for what a real cluster brings along (Traefik or a load balancer,
// CoreDNS, the network plugin's enforcement of NetworkPolicies).
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"clonepool.dev/lab/internal/dns"
	"clonepool.dev/lab/internal/ingress"
	"clonepool.dev/lab/internal/policy"
)

const usage = "usage: labkube etcd|apiserver|controller-manager|scheduler|kubelet|proxy|kubectl|ingress|dns|policy [flags]"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = append([]string{name}, os.Args[2:]...)
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	cmd := component(name)
	if cmd == nil {
		fmt.Fprintf(os.Stderr, "unknown component %q\n%s\n", name, usage)
		os.Exit(2)
	}
	os.Exit(cli.Run(cmd))
}

func component(name string) *cobra.Command {
	switch name {
	case "apiserver":
		return apiserver.NewAPIServerCommand()
	case "controller-manager":
		return kcm.NewControllerManagerCommand()
	case "scheduler":
		return scheduler.NewSchedulerCommand()
	case "kubelet":
		return kubelet.NewKubeletCommand(context.Background())
	case "proxy":
		return proxy.NewProxyCommand()
	case "kubectl":
		return kubectl.NewDefaultKubectlCommand()
	case "ingress":
		return ingress.NewCommand()
	case "dns":
		return dns.NewCommand()
	case "policy":
		return policy.NewCommand()
	}
	return nil
}
