// Package job holds the two messages of an import: the job that goes in, and the lines that come out.
package job

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Phase is a step of an import, in the order in which they are reported.
type Phase string

// The phases of an import.
const (
	Preflight Phase = "preflight"
	Database  Phase = "database"
	Files     Phase = "files"
	Config    Phase = "config"
	Smoke     Phase = "smoke"
	Uploads   Phase = "uploads" // the clone is usable
	Done      Phase = "done"
)

// Code says why an import failed.
type Code string

// The codes of a failed import.
const (
	SourceUnreachable Code = "source_unreachable"
	SourceRefused     Code = "source_refused"
	SourceChanged     Code = "source_changed"
	SourceInvalid     Code = "source_invalid"
	Incompatible      Code = "incompatible"
	TooLarge          Code = "too_large"
	DiskFull          Code = "disk_full"
	DatabaseError     Code = "database_error"
	SmokeFailed       Code = "smoke_failed"
	Timeout           Code = "timeout"
	Internal          Code = "internal"
)

// Results of an import; an unfinished one has none.
const (
	ResultOK     = "ok"
	ResultFailed = "failed"
)

// Job is one import into one generation of a pod. JobKey, AccessToken and LoginKey are secrets: a Job is never logged.
type Job struct {
	CloneID            string `json:"clone_id"`
	Generation         int64  `json:"generation"`
	SourceURL          string `json:"source_url"`
	KeyID              string `json:"key_id"`
	JobKey             string `json:"job_key"`    // hex
	ExpiresAt          int64  `json:"expires_at"` // seconds since 1970, of the job key
	PublicURL          string `json:"public_url"`
	InternalHost       string `json:"internal_host"`
	AllowPrivateSource bool   `json:"allow_private_source"`
	// SourceAddresses are what the network lets this pod reach; without them the agent asks its own resolver.
	SourceAddresses []string `json:"source_addresses"`
	// Access is public, or private: then AccessToken opens the clone, 64 hex digits. LoginKey signs login links.
	Access      string `json:"access"`
	AccessToken string `json:"access_token"`
	LoginKey    string `json:"login_key"`
	// AllowHosts are whom the clone may call, for its guard.
	AllowHosts []string `json:"allow_hosts"`
	// AllowedAddresses are those of AllowHosts that the network has opened, by host: a pod has no DNS.
	AllowedAddresses map[string][]string `json:"allowed_addresses"`
	Backfill         bool                `json:"backfill,omitempty"` // the clone is usable: only what is still missing
	Limits           Limits              `json:"limits"`
}

// Limits bound an import; zero means the importer's default.
type Limits struct {
	Seconds int64 `json:"seconds"`
	Bytes   int64 `json:"bytes"`
	Site    int64 `json:"site_bytes,omitempty"` // what the volume of the document root takes
	Data    int64 `json:"data_bytes,omitempty"` // what that of the database takes
}

// Validate reports the first thing that makes the job unusable, without ever quoting a secret.
func (j Job) Validate() error {
	switch {
	case j.CloneID == "":
		return errors.New("clone_id is missing")
	case j.Generation < 1:
		return fmt.Errorf("generation is %d, must be at least 1", j.Generation)
	case j.KeyID == "":
		return errors.New("key_id is missing")
	case j.JobKey == "":
		return errors.New("job_key is missing")
	}
	for name, text := range map[string]string{"source_url": j.SourceURL, "public_url": j.PublicURL} {
		if err := validURL(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func validURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("is not a URL")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("must be http:// or https:// and a host")
	}
	return nil
}

// Line is one report of a running import. Only the last line has a Result. TimingsMS and Fidelity are there from the
// moment on in which the clone is usable.
type Line struct {
	Phase          Phase           `json:"phase"`
	Percent        float64         `json:"percent"`
	BytesDone      int64           `json:"bytes_done"`
	BytesTotal     int64           `json:"bytes_total"`
	BytesPerSecond int64           `json:"bytes_per_second"`
	ETASeconds     int64           `json:"eta_seconds"`
	At             time.Time       `json:"at"`
	Usable         bool            `json:"usable,omitempty"`
	Backfill       *Backfill       `json:"backfill,omitempty"`
	Result         string          `json:"result,omitempty"`
	Code           Code            `json:"code,omitempty"`
	Detail         string          `json:"detail,omitempty"`
	TimingsMS      map[Phase]int64 `json:"timings_ms,omitempty"`
	Fidelity       map[string]any  `json:"fidelity,omitempty"`
}

// Backfill is how far the files are that follow once the clone is usable. The line's own figures are of what came before.
type Backfill struct {
	Percent        float64 `json:"percent"`
	BytesDone      int64   `json:"bytes_done"`
	BytesTotal     int64   `json:"bytes_total"`
	FilesDone      int64   `json:"files_done"`
	FilesTotal     int64   `json:"files_total"`
	BytesPerSecond int64   `json:"bytes_per_second"`
	ETASeconds     int64   `json:"eta_seconds"`
}

// Final says whether this is the last line of its import.
func (l Line) Final() bool { return l.Result != "" }

// Failed is the last line of an import that did not work.
func Failed(phase Phase, code Code, detail string) Line {
	return Line{Phase: phase, Result: ResultFailed, Code: code, Detail: detail, At: time.Now().UTC()}
}
