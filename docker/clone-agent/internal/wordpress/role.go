// Package wordpress is the agent's knowledge of the wordpress container: its docroot, Apache, and the page that proves both.
package wordpress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/leakhooks"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/pid1"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/restore"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// Program is Apache, at the same place in Debian's package and in the official image.
const Program = "/usr/sbin/apache2"

// marker is the title of the site that the image carries.
const marker = "Warm pod"

// Role is the wordpress container.
type Role struct {
	want *manifest.Manifest
	warm bool // a clone's pod, with the guard; otherwise an ordinary WordPress
}

// NewRole reads what the image says. warm is the pod's WARM_POOL_MODE.
func NewRole(warm bool) (*Role, error) {
	want, err := manifest.Load(layout.SiteManifest)
	return &Role{want, warm}, err
}

// Name is the container's name.
func (r *Role) Name() string { return "wordpress" }

// Volume holds the docroot.
func (r *Role) Volume() string { return layout.SiteVolume }

// Restore removes and rewrites what is not as in the image. Copying everything anew would take seconds, reading it does not.
func (r *Role) Restore(ctx context.Context) (report.Check, error) {
	if !leakhooks.Skips(leakhooks.Beside) {
		if err := restore.Wipe(ctx, layout.SiteVolume, layout.DocrootName); err != nil {
			return report.Failed(err), err
		}
	}
	if leakhooks.Skips(leakhooks.Docroot) {
		return report.OfTree(r.want, nil), nil
	}
	if err := r.RestoreDocroot(ctx); err != nil {
		return report.Failed(err), err
	}
	return report.OfTree(r.want, nil), nil
}

// RestoreDocroot leaves alone what lies beside the docroot.
func (r *Role) RestoreDocroot(ctx context.Context) error {
	_, err := restore.Tree(ctx, layout.Docroot, layout.CoreDir, r.want)
	return err
}

// Command starts Apache in the foreground.
func (r *Role) Command(secretwatch.Secret) (pid1.Command, error) {
	pidFile := filepath.Join(layout.RunDir, "apache2.pid")
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pid1.Command{}, err
	}
	args := []string{"apache2", "-D", "FOREGROUND"}
	settings := ":" + layout.PHPConfigDir
	if r.warm {
		args = append(args, "-D", "WARM_POOL")
		settings += ":" + layout.PHPWarmDir
	}
	return pid1.Command{
		Path: Program,
		Args: append(args, "-f", layout.ApacheConfig),
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"PHP_INI_SCAN_DIR=" + settings,
			"LANG=C",
			"TZ=UTC",
		},
		Dir: "/",
	}, nil
}

// Answers fetches a file of the image: whether Apache lives does not depend on the site.
func (r *Role) Answers(ctx context.Context, _ secretwatch.Secret) error {
	_, err := get(ctx, "/clone-health.txt")
	return err
}

// Prove waits for the pristine front page, which comes as soon as MySQL has the same generation.
func (r *Role) Prove(ctx context.Context, _, _ secretwatch.Secret) (map[string]report.Check, error) {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := pristine(ctx)
		if err == nil {
			return map[string]report.Check{"page": report.Of(1)}, nil
		}
		if leakhooks.Skips(leakhooks.Page) {
			return map[string]report.Check{"page": report.Failed(err)}, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// pristine fetches the front page. It asks for MySQL first: without it WordPress would only spend time to say so.
func pristine(ctx context.Context) error {
	conn, err := dialer.DialContext(ctx, "tcp", layout.DBAddress)
	if err != nil {
		return err
	}
	conn.Close()
	page, err := get(ctx, "/")
	if err == nil && !bytes.Contains(page, []byte(marker)) {
		err = fmt.Errorf("the front page does not say %q", marker)
	}
	return err
}

var dialer = net.Dialer{Timeout: time.Second}

// client asks Apache directly and follows no redirect. Connections are not kept: Apache has few processes.
var client = &http.Client{
	Timeout: 10 * time.Second,
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       dialer.DialContext,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return body, err
}
