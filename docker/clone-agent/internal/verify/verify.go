// Package verify proves that a container is as its image says and that its generation is really a new one.
//
// It runs as a process of its own, started from outside. What only PID 1 can know it asks PID 1; what can be seen it looks
// at itself. For a settled pod only: a leased one differs by design.
package verify

import (
	"context"
	"errors"
	"os"
	"time"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/mysqlctl"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// Run makes the report of a generation. An error means that PID 1 could not be asked; a *control.Error that it refused.
func Run(ctx context.Context, generation int64) (report.Report, error) {
	testimony, err := ask(ctx, generation)
	if err != nil || !testimony.Settled {
		return report.Report{Testimony: testimony}, err
	}
	r := report.Report{Testimony: testimony}
	checks := lookers(r.Testimony)
	results := make(chan map[string]report.Check)
	for _, look := range checks {
		go func() { results <- look(ctx) }()
	}
	for range checks {
		for name, check := range <-results {
			r.Checks[name] = check
		}
	}
	again, err := ask(ctx, generation) // the answer must still hold after the look
	r.Settled = err == nil && again.Settled && again.StartedAt.Equal(*testimony.StartedAt)
	r.Called = nil // whom other customers could call is not for the report
	r.OK = r.Settled && allGood(r.Checks, wanted(r.Role))
	return r, err
}

func ask(ctx context.Context, generation int64) (testimony report.Testimony, err error) {
	conversation, err := control.Ask(ctx, layout.Socket, control.Request{Command: control.Verify, Generation: generation})
	if err != nil {
		return report.Testimony{Generation: generation}, err
	}
	defer conversation.Close()
	if err := conversation.Next(&testimony); err != nil {
		return report.Testimony{Generation: generation}, err
	}
	if testimony.Settled && (testimony.Checks == nil || testimony.KilledAt == nil || testimony.StartedAt == nil ||
		testimony.RestoredAt == nil) {
		return testimony, errors.New("the agent's answer is incomplete")
	}
	return testimony, nil
}

type looker func(context.Context) map[string]report.Check

func lookers(t report.Testimony) []looker {
	one := func(name string, look func() report.Check) looker {
		return func(context.Context) map[string]report.Check { return map[string]report.Check{name: look()} }
	}
	all := []looker{
		one("processes", func() report.Check { return processes(t) }),
		one("ipc", func() report.Check { return ipc(*t.RestoredAt) }),
		one("scratch", func() report.Check { return scratch(t.Role, *t.KilledAt) }),
		one("caches", func() report.Check { return caches(t) }),
		one("mounts", func() report.Check { return mounts(t.Role) }),
		one("keyrings", keyrings),
	}
	switch t.Role {
	case "wordpress":
		all = append(all, one("files", docroot), func(context.Context) map[string]report.Check { return connections(t) })
	case "mysql":
		all = append(all, one("volume", func() report.Check { return volume(*t.RestoredAt) }), database)
	}
	return all
}

// wanted names the checks without which a report is not good, so that none can be left out unnoticed.
func wanted(role string) []string {
	common := []string{"files", "scratch", "processes", "caches", "ipc", "keyrings", "mounts", "limits"}
	if role == "mysql" {
		return append(common, "volume", "schemas", "accounts", "grants", "routines", "events", "triggers", "plugins", "durability",
			"persisted", "old_password")
	}
	return append(common, "page", "sockets", "peers")
}

func allGood(checks map[string]report.Check, names []string) bool {
	for _, name := range names {
		if !checks[name].OK {
			return false
		}
	}
	return true
}

// docroot compares the volume anew: the docroot with its manifest, and nothing beside it but the mark.
func docroot() report.Check {
	want, err := manifest.Load(layout.SiteManifest)
	if err != nil {
		return report.Failed(err)
	}
	root, err := os.OpenRoot(layout.Docroot)
	if err != nil {
		return report.Failed(err)
	}
	defer root.Close()
	differences, err := want.CompareTimed(root)
	if err != nil {
		return report.Failed(err)
	}
	beside, err := os.ReadDir(layout.SiteVolume)
	if err != nil {
		return report.Failed(err)
	}
	for _, entry := range beside {
		if name := entry.Name(); name != layout.DocrootName && name != layout.Mark {
			differences = append(differences, manifest.Difference{Path: "../" + name, Kind: manifest.Extra})
		}
	}
	return report.OfTree(want, differences)
}

func database(ctx context.Context) map[string]report.Check {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	clean, err := mysqlctl.LoadBaseline(layout.Baseline)
	var now mysqlctl.Baseline
	if err == nil {
		now, err = present(ctx)
	}
	if err != nil {
		return map[string]report.Check{"schemas": report.Failed(err)}
	}
	checks := clean.Compare(now)
	if _, err := os.Lstat(layout.Datadir + "/mysqld-auto.cnf"); err == nil {
		checks["persisted"] = report.Failed(errors.New("extra mysqld-auto.cnf"))
	}
	return checks
}

func present(ctx context.Context) (mysqlctl.Baseline, error) {
	secret, err := secretwatch.Read(layout.SecretDir)
	if err != nil {
		return nil, err
	}
	socket, err := mysqlctl.SocketPath(layout.MySQLConfig)
	if err != nil {
		return nil, err
	}
	return mysqlctl.ReadBaseline(ctx, mysqlctl.Root(socket, secret.RootPassword))
}
