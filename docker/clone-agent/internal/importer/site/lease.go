package site

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"clonepool.dev/clone-agent/internal/job"
)

// The files of the lease. Apache compares visitors' tokens with accessName, so it holds the token and nothing else.
const (
	accessName   = "access"
	loginKeyName = "login-key"
	leaseName    = "lease.json"

	public = "public"
)

var key = regexp.MustCompile(`^[0-9a-f]{64}$`)

// lease is what the guard reads at each request.
type lease struct {
	CloneID      string   `json:"clone_id"`
	Generation   int64    `json:"generation"`
	PublicHost   string   `json:"public_host"`
	InternalHost string   `json:"internal_host"`
	AllowHosts   []string `json:"allow_hosts"`
	// AllowedAddresses lead to AllowHosts, by host.
	AllowedAddresses map[string][]string `json:"allowed_addresses"`
}

// WriteLease leaves in dir what opens the clone, and to whom it may speak. Without a token, a clone that is not public is
// closed to everybody.
func WriteLease(dir string, j job.Job) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	address, err := url.Parse(j.PublicURL)
	if err != nil {
		return err
	}
	facts, err := json.Marshal(lease{
		CloneID: j.CloneID, Generation: j.Generation, PublicHost: address.Host, InternalHost: j.InternalHost,
		AllowHosts: append([]string{}, j.AllowHosts...), AllowedAddresses: j.AllowedAddresses,
	})
	if err != nil {
		return err
	}
	files := map[string]string{leaseName: string(facts)}
	if key.MatchString(j.LoginKey) {
		files[loginKeyName] = j.LoginKey
	}
	if j.Access == public {
		files[accessName] = public
	} else if key.MatchString(j.AccessToken) {
		files[accessName] = j.AccessToken
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
