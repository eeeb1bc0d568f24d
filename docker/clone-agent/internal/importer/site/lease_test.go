package site

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/job"
)

// leaseOf writes the lease of a job over an earlier one and returns a reader of its files.
func leaseOf(t *testing.T, j job.Job) func(name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".clone")
	earlier := job.Job{Access: "public", LoginKey: strings.Repeat("9", 64)}
	for _, j := range []job.Job{earlier, j} {
		if err := WriteLease(dir, j); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return string(text)
	}
}

func TestAPrivateCloneIsOpenedByItsTokenAlone(t *testing.T) {
	token := strings.Repeat("0a", 32)
	read := leaseOf(t, job.Job{Access: "private", AccessToken: token, LoginKey: strings.Repeat("1", 64)})
	if got := read("access"); got != token {
		t.Errorf("access is %q", got)
	}
	if got := read("login-key"); got != strings.Repeat("1", 64) {
		t.Errorf("login-key is %q", got)
	}
}

func TestAPublicCloneSaysSo(t *testing.T) {
	if got := leaseOf(t, job.Job{Access: "public"})("access"); got != "public" {
		t.Errorf("access is %q", got)
	}
}

func TestWithoutAProperTokenNobodyComesIn(t *testing.T) {
	for _, token := range []string{"", "public", "0a", strings.Repeat("0a", 32) + "\n", strings.Repeat("0A", 32)} {
		if got := leaseOf(t, job.Job{Access: "private", AccessToken: token, LoginKey: token})("access"); got != "" {
			t.Errorf("token %q: access is %q", token, got)
		}
	}
}

func TestTheGuardLearnsWhomTheCloneMayCall(t *testing.T) {
	read := leaseOf(t, job.Job{
		CloneID: "shop", Generation: 3, PublicURL: "https://shop.clones.test", InternalHost: "shop.ns.svc.cluster.local",
		AllowHosts: []string{"api.example.com"}, AllowedAddresses: map[string][]string{"api.example.com": {"192.0.2.7"}},
	})
	want := `{"clone_id":"shop","generation":3,"public_host":"shop.clones.test",` +
		`"internal_host":"shop.ns.svc.cluster.local","allow_hosts":["api.example.com"],"allowed_addresses":{"api.example.com":["192.0.2.7"]}}`
	if got := read("lease.json"); got != want {
		t.Errorf("lease.json is %s", got)
	}
}
