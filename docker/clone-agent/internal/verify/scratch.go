package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/manifest"
	"clonepool.dev/clone-agent/internal/report"
)

// servers' own names in /run/clone, and how large they may be: nothing of a site fits in. All else is emptied and stays so.
var runtimeFiles = map[string][]runtimeFile{
	"wordpress": {{"agent.sock", fs.ModeSocket, 0}, {"apache2.pid", 0, 16}},
	"mysql": {
		{"agent.sock", fs.ModeSocket, 0}, {"mysqld.sock", fs.ModeSocket, 0}, {"mysqld.sock.lock", 0, 16}, {"mysqld.pid", 0, 16},
	},
}

type runtimeFile struct {
	name string
	kind fs.FileMode
	size int64
}

// scratch looks again into the places in memory that a restore empties, and the file that the kubelet reads. They are
// emptied, and the agent's socket made anew, between the kill and the end of the restore.
func scratch(role string, killed time.Time) report.Check {
	count, findings := 0, []string(nil)
	for _, dir := range []string{layout.TempDir, layout.RunDir} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return report.Failed(err)
		}
		count += len(entries)
		for _, entry := range entries {
			if why := unwelcome(dir, entry, role, killed); why != "" {
				findings = append(findings, fmt.Sprintf("%s: %s", manifest.Encode(filepath.Join(dir, entry.Name())), why))
			}
		}
	}
	findings = append(findings, touched(role, killed)...)
	if info, err := os.Stat(layout.TerminationLog); err == nil && info.Size() > 0 {
		findings = append(findings, fmt.Sprintf("%s holds %d bytes", layout.TerminationLog, info.Size()))
	}
	return report.Of(count, findings...)
}

// unwelcome says what is wrong with an entry of a scratch directory; nothing if it has gone meanwhile.
func unwelcome(dir string, entry os.DirEntry, role string, killed time.Time) string {
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	for _, known := range runtimeFiles[role] {
		if dir != layout.RunDir || known.name != entry.Name() {
			continue
		}
		stat := info.Sys().(*syscall.Stat_t)
		switch {
		case info.Mode().Type() != known.kind || stat.Nlink != 1 || stat.Uid != uint32(os.Geteuid()):
			return "not the server's own"
		case info.Size() > known.size:
			return fmt.Sprintf("%d bytes", info.Size())
		case time.Unix(stat.Ctim.Sec, stat.Ctim.Nsec).Before(killed.Add(-startGranularity)):
			return "older than the reset"
		}
		return ""
	}
	return "extra"
}

// madeByServer are the files that mysqld makes when it starts on the pristine datadir.
var madeByServer = regexp.MustCompile(`^(auto\.cnf|ibtmp1|ib_buffer_pool|private_key\.pem|public_key\.pem|undo_00[12]|` +
	`#ib_16384_[01]\.dblwr|#innodb_redo(/#ib_redo[0-9]+(_tmp)?)?|#innodb_temp(/temp_[0-9]+\.ibt)?|mysql_upgrade_history)$`)

// volume looks at the names in MySQL's volume while the server runs: what the manifest has, what mysqld makes, and no more.
// Contents were compared before it started; what may differ since, the checks of the server itself look at.
func volume(restored time.Time) report.Check {
	want, err := manifest.Load(layout.DatadirManifest)
	if err != nil {
		return report.Failed(err)
	}
	beside, err := os.ReadDir(layout.DataVolume)
	if err != nil {
		return report.Failed(err)
	}
	count, findings := 0, []string(nil)
	for _, entry := range beside {
		if name := entry.Name(); name != layout.DatadirName && name != layout.Mark {
			findings = append(findings, "extra ../"+manifest.Encode(name))
		}
	}
	err = filepath.WalkDir(layout.Datadir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the server's temporary tablespaces come and go
			return nil
		}
		if err != nil {
			return err
		}
		count++
		name := strings.TrimPrefix(strings.TrimPrefix(path, layout.Datadir), "/")
		if _, known := want.Find(name); name == "" || known {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		stat := info.Sys().(*syscall.Stat_t)
		if !madeByServer.MatchString(name) || time.Unix(stat.Ctim.Sec, stat.Ctim.Nsec).Before(restored.Add(-startGranularity)) {
			findings = append(findings, "extra "+manifest.Encode(name))
		}
		return nil
	})
	if err != nil {
		return report.Failed(err)
	}
	c := report.Of(count, findings...)
	c.Digest = want.Digest()
	return c
}
