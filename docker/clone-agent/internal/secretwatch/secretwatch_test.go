package secretwatch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publish changes a mounted Secret as the kubelet's atomic writer does: new directory, link beside, rename, old one gone.
func publish(t *testing.T, dir string, keys map[string]string) {
	t.Helper()
	name, err := os.MkdirTemp(dir, "..2026_")
	must(t, err)
	for key, value := range keys {
		must(t, os.WriteFile(filepath.Join(name, key), []byte(value), 0o600))
	}
	old, _ := os.Readlink(dir + "/..data")
	must(t, os.Symlink(filepath.Base(name), dir+"/..data_tmp"))
	must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
	for key := range keys {
		_ = os.Symlink("..data/"+key, filepath.Join(dir, key))
	}
	if old != "" {
		must(t, os.RemoveAll(filepath.Join(dir, old)))
	}
}

func keys(generation int) map[string]string {
	return map[string]string{
		"generation": fmt.Sprint(generation), "db-password": fmt.Sprintf("db-%d", generation), "root-password": fmt.Sprintf("root-%d", generation),
	}
}

func TestASecretIsReadWhole(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, keys(3))
	secret, err := Read(dir)
	must(t, err)
	if want := (Secret{3, "db-3", "root-3"}); secret != want {
		t.Errorf("read generation %d, passwords %q %q", secret.Generation, secret.DBPassword, secret.RootPassword)
	}
}

func TestAReadNeverMixesTwoGenerations(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, keys(1))
	stop := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for generation := 2; ; generation++ {
			select {
			case <-stop:
				return
			default:
				publish(t, dir, keys(generation))
			}
		}
	}()
	for range 2000 {
		secret, err := Read(dir)
		if err != nil {
			continue // five directories were replaced during one read; the watcher will try again
		}
		if secret.DBPassword != fmt.Sprintf("db-%d", secret.Generation) || secret.RootPassword != fmt.Sprintf("root-%d", secret.Generation) {
			t.Errorf("generation %d with passwords %q %q", secret.Generation, secret.DBPassword, secret.RootPassword)
		}
	}
	close(stop)
	<-written
}

func TestUnusableSecretsSayWhatIsWrong(t *testing.T) {
	for want, change := range map[string]map[string]string{
		"generation must be a whole number": {"generation": "one"},
		"generation must be":                {"generation": "0"},
		"db-password is empty":              {"db-password": " \n"},
	} {
		dir := t.TempDir()
		all := keys(1)
		for key, value := range change {
			all[key] = value
		}
		publish(t, dir, all)
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v", change, err)
		}
	}
}

func TestASecretDoesNotPrintItsPasswords(t *testing.T) {
	secret := Secret{3, "hush", "hush"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, secret); strings.Contains(text, "hush") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestTheWatcherSeesEachNewGeneration(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := New(dir)
	go w.Run(ctx)
	for generation := 1; generation <= 3; generation++ {
		_, changed := w.Newest()
		publish(t, dir, keys(generation))
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatalf("generation %d was not seen", generation)
		}
		if secret, _ := w.Newest(); secret.Generation != int64(generation) {
			t.Errorf("newest is %v, want %d", secret, generation)
		}
	}
}

func TestTheWatcherIgnoresOlderAndBrokenSecrets(t *testing.T) {
	w := New(t.TempDir())
	publish(t, w.dir, keys(5))
	w.look()
	_, changed := w.Newest()
	publish(t, w.dir, keys(4))
	w.look()
	publish(t, w.dir, map[string]string{"generation": "6"})
	w.look()
	select {
	case <-changed:
		t.Error("a change was told")
	default:
	}
	if secret, _ := w.Newest(); secret.Generation != 5 {
		t.Errorf("newest is %v, want 5", secret)
	}
}
