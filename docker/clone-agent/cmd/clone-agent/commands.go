package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/ledger"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/mysqlctl"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/secretwatch"
	"clonepool.dev/clone-agent/internal/verify"
)

// quickly bounds commands that PID 1 answers at once.
const quickly = 10 * time.Second

func runProbe(ctx context.Context, args []string) error {
	if len(args) != 0 {
		return usageError{"probe takes no arguments"}
	}
	secret, err := secretwatch.Read(layout.SecretDir)
	if err != nil {
		return err
	}
	return askOnce(ctx, control.Request{Command: control.Probe, Generation: secret.Generation})
}

func runStatus(ctx context.Context, args []string) error {
	if len(args) != 0 {
		return usageError{"status takes no arguments"}
	}
	return askOnce(ctx, control.Request{Command: control.Status})
}

func askOnce(ctx context.Context, request control.Request) error {
	status, err := askStatus(ctx, request)
	if err != nil {
		return err
	}
	return printJSON(status)
}

func askStatus(ctx context.Context, request control.Request) (status report.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	conversation, err := control.Ask(ctx, layout.Socket, request)
	if err != nil {
		return status, err
	}
	defer conversation.Close()
	return status, conversation.Next(&status)
}

func runVerify(ctx context.Context, args []string) error {
	generation, err := generationFlag("verify", args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	result, err := verify.Run(ctx, generation)
	var refusal *control.Error
	if errors.As(err, &refusal) {
		return err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "clone-agent:", err)
	}
	if err := printJSON(result); err != nil {
		return err
	}
	if !result.OK {
		return errReported
	}
	return nil
}

// runLedger reads the ledger between two looks at the generation, so that it is of no other.
func runLedger(ctx context.Context, args []string) error {
	generation, err := generationFlag("ledger", args)
	if err != nil {
		return err
	}
	if err := mustBeAt(ctx, generation); err != nil {
		return err
	}
	found := ledger.Read(layout.LeaseDir, generation, time.Now())
	if err := mustBeAt(ctx, generation); err != nil {
		return err
	}
	return printJSON(found)
}

func mustBeAt(ctx context.Context, generation int64) error {
	status, err := askStatus(ctx, control.Request{Command: control.Status})
	if err == nil && status.Generation != generation {
		err = control.Refuse(generation, status.Generation)
	}
	return err
}

func runImport(ctx context.Context, args []string) error {
	generation, err := generationFlag("import", args)
	if err != nil {
		return err
	}
	request := control.Request{Command: control.Import, Generation: generation}
	if request.Job, err = readJob(os.Stdin); err != nil {
		return usageError{err.Error()}
	}
	conversation, err := control.Ask(ctx, layout.Socket, request)
	if err != nil {
		return err
	}
	defer conversation.Close()
	return follow(conversation)
}

// readJob reads the job from stdin; an empty stdin means to follow only.
func readJob(in io.Reader) (*job.Job, error) {
	var j job.Job
	err := json.NewDecoder(io.LimitReader(in, 64<<10)).Decode(&j)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.New("stdin is not a job in JSON") // the cause could quote a secret
	}
	return &j, nil
}

func follow(conversation *control.Conversation) error {
	for {
		var line job.Line
		if err := conversation.Next(&line); err != nil {
			if errors.Is(err, io.EOF) {
				return errors.New("the agent went away before the import ended; follow it again")
			}
			return err
		}
		if err := printJSON(line); err != nil {
			return err
		}
		switch line.Result {
		case job.ResultOK:
			return nil
		case job.ResultFailed:
			return errReported
		}
	}
}

func runManifest(args []string) error {
	if len(args) != 1 {
		return usageError{"manifest needs one directory"}
	}
	m, err := manifest.Of(args[0])
	if err != nil {
		return err
	}
	_, err = m.WriteTo(os.Stdout)
	return err
}

func runBaseline(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("baseline", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	socket := flags.String("socket", "", "")
	if err := flags.Parse(args); err != nil || *socket == "" || flags.NArg() > 0 {
		return usageError{"baseline needs --socket PATH of a server whose root has no password"}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	baseline, err := mysqlctl.ReadBaseline(ctx, mysqlctl.Root(*socket, ""))
	if err != nil {
		return err
	}
	return printJSON(baseline)
}

func generationFlag(command string, args []string) (int64, error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	generation := flags.Int64("generation", 0, "")
	if err := flags.Parse(args); err != nil || *generation < 1 || flags.NArg() > 0 {
		return 0, usageError{command + " needs --generation N, a whole number from 1"}
	}
	return *generation, nil
}

func printJSON(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
