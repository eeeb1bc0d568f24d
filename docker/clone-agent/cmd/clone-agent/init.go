package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"clonepool.dev/clone-agent/internal/importer"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/mysqlctl"
	"clonepool.dev/clone-agent/internal/pid1"
	"clonepool.dev/clone-agent/internal/secretwatch"
	"clonepool.dev/clone-agent/internal/wordpress"
)

func runInit(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usageError{"run needs wordpress or mysql"}
	}
	if os.Getpid() != 1 {
		return errors.New("run must be process 1 of its container: it kills every other process")
	}
	// The site can send signals too. Those which would end the agent or make it print its stack mean nothing.
	signal.Ignore(syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM)
	role, imports, err := chooseRole(args[0])
	if err != nil {
		return err
	}
	supervisor, err := pid1.New(role, secretwatch.New(layout.SecretDir), imports)
	if err != nil {
		return err
	}
	return supervisor.Run(ctx)
}

// importsInto runs imports in the role's container.
func importsInto(role *wordpress.Role) pid1.ImportFunc {
	env := importer.PodEnv(role.RestoreDocroot)
	return func(ctx context.Context, j job.Job, report func(job.Line), offer func(pid1.Fetch)) {
		importer.Run(ctx, j, env, report, offer)
	}
}

func chooseRole(name string) (pid1.Role, pid1.ImportFunc, error) {
	switch name {
	case "wordpress":
		role, err := wordpress.NewRole(os.Getenv("WARM_POOL_MODE") == "1")
		return role, importsInto(role), err
	case "mysql":
		role, err := mysqlctl.NewRole()
		return role, nil, err
	default:
		return nil, nil, usageError{"run needs wordpress or mysql, not " + name}
	}
}
