// Package mysqlctl is the agent's knowledge of MySQL: how to restore, start and ask the pod's server.
package mysqlctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/leakhooks"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/pid1"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/restore"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// Program is MySQL's server, at the same place in Debian's packages and in the official image.
const Program = "/usr/sbin/mysqld"

// Role is the mysql container.
type Role struct {
	want   *manifest.Manifest
	socket string
}

// NewRole reads what the image says.
func NewRole() (*Role, error) {
	want, err := manifest.Load(layout.DatadirManifest)
	if err != nil {
		return nil, err
	}
	socket, err := SocketPath(layout.MySQLConfig)
	return &Role{want, socket}, err
}

// Name is the container's name.
func (r *Role) Name() string { return "mysql" }

// Volume holds the datadir.
func (r *Role) Volume() string { return layout.DataVolume }

// Restore replaces the whole volume by the image's archive: rows survive DROP DATABASE in redo and undo logs, and so
// may accounts; nothing survives the removal of the files.
func (r *Role) Restore(ctx context.Context) (report.Check, error) {
	if !leakhooks.Skips(leakhooks.Beside) {
		if err := restore.Wipe(ctx, layout.DataVolume, layout.DatadirName); err != nil {
			return report.Failed(err), err
		}
	}
	if leakhooks.Skips(leakhooks.Datadir) {
		return r.compare(), nil
	}
	differences, err := restore.Unpack(ctx, layout.Datadir, layout.PristineArchive, r.want)
	if err != nil {
		return report.Failed(err), err
	}
	check := report.OfTree(r.want, differences)
	if !check.OK {
		return check, fmt.Errorf("the unpacked datadir is not the image's: %s", check.Findings[0])
	}
	return check, nil
}

// compare is what a broken wipe leaves to be found: only a test build comes here.
func (r *Role) compare() report.Check {
	root, err := os.OpenRoot(layout.Datadir)
	if err != nil {
		return report.Failed(err)
	}
	defer root.Close()
	differences, err := r.want.Compare(root)
	if err != nil {
		return report.Failed(err)
	}
	return report.OfTree(r.want, differences)
}

// Command writes the statements that set this generation's passwords, and starts mysqld with them.
func (r *Role) Command(secret secretwatch.Secret) (pid1.Command, error) {
	if err := removeStale(r.socket, r.socket+".lock"); err != nil {
		return pid1.Command{}, err
	}
	if err := writeInitFile(initFile, secret); err != nil {
		return pid1.Command{}, err
	}
	return pid1.Command{
		Path: Program,
		Args: []string{"mysqld", "--defaults-file=" + layout.MySQLConfig, "--init-file=" + initFile},
		Env:  []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=/tmp", "TZ=UTC"},
		Dir:  "/",
	}, nil
}

// removeStale removes what a killed server left and a new one would stumble over.
func removeStale(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Answers logs in as WordPress does, by TCP. Once that works the passwords need not lie in a file any more.
func (r *Role) Answers(ctx context.Context, secret secretwatch.Secret) error {
	if err := logIn(ctx, Site(secret.DBPassword)); err != nil {
		return err
	}
	return removeStale(initFile)
}

// Prove tries the passwords of the generation before: they must be refused.
func (r *Role) Prove(ctx context.Context, _, previous secretwatch.Secret) (map[string]report.Check, error) {
	if previous.Generation == 0 {
		check := report.Of(0)
		check.Detail = "first start"
		return map[string]report.Check{"old_password": check}, nil
	}
	var findings []string
	old := map[string]Account{"wordpress": Site(previous.DBPassword), "root": Root(r.socket, previous.RootPassword)}
	for name, account := range old {
		err := logIn(ctx, account)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !refused(err) {
			findings = append(findings, fmt.Sprintf("the old password of %s was not refused (%v)", name, err))
		}
	}
	return map[string]report.Check{"old_password": report.Of(len(old), findings...)}, nil
}

// Socket is where root logs in.
func (r *Role) Socket() string { return r.socket }

// initFile lies in memory and is read by mysqld before it listens.
var initFile = filepath.Join(layout.RunDir, "init.sql")
