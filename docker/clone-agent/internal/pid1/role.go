// Package pid1 is the agent as PID 1 of a container: it brings the container to the generation that the mounted Secret
// names, keeps its server running, and answers the agent's other commands.
package pid1

import (
	"context"

	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// Role is what one kind of container adds: what to restore, what to start, how to ask whether it answers.
type Role interface {
	// Name is the container's name.
	Name() string
	// Volume is the directory that carries the mark of its generation.
	Volume() string
	// Restore makes the volume what the image says; nothing else runs meanwhile. Its check names what still differs.
	Restore(ctx context.Context) (report.Check, error)
	// Command prepares the server's start for this Secret.
	Command(secret secretwatch.Secret) (Command, error)
	// Answers asks the server once; nil means that it serves with this Secret.
	Answers(ctx context.Context, secret secretwatch.Secret) error
	// Prove makes the checks that need the restored, running server, and waits until they can be made. previous is the
	// Secret of the generation before, its generation 0 after the first start.
	Prove(ctx context.Context, secret, previous secretwatch.Secret) (map[string]report.Check, error)
}

// Command is a program to start. It inherits the agent's standard output and error.
type Command struct {
	Path string
	Args []string // with the program's name
	Env  []string
	Dir  string
}
